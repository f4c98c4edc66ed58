from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, IPvAnyNetwork, ValidationError

from server.faults import BadConfigurationError, Fault, fault_of


def _refuse(value: int) -> int:
    if value == 13:
        raise ValueError("不吉利 / brings bad luck")
    return value


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: Annotated[int, AfterValidator(_refuse)] = Field(1, ge=1)
    kind: Literal["a", "b"] = "a"
    names: tuple[str, ...] = Field(("x",), min_length=1)
    flag: bool = False
    networks: tuple[IPvAnyNetwork, ...] = ()


class Outer(BaseModel):
    inner: tuple[Inner, ...]


@pytest.mark.parametrize(
    ("value", "key", "chinese", "english"),
    [
        ({"number": 0}, "number", "不能小于 1", "greater than or equal to 1"),
        ({"number": "x"}, "number", "应为整数", "valid integer"),
        ({"number": 13}, "number", "不吉利", "brings bad luck"),
        ({"kind": "c"}, "kind", "只能是 'a' or 'b'", "'a' or 'b'"),
        ({"names": []}, "names", "至少 1 项", "at least 1 item"),
        ({"names": "x"}, "names", "应为列表，写在 [ ] 里", "valid tuple"),
        ({"networks": ["x"]}, "networks[0]", "应为网段，如 10.0.0.0/8", "valid"),
        ({"flag": 7}, "flag", "应为 true 或 false", "valid boolean"),
        ({"nmber": 1}, "nmber", "没有这个配置项，检查拼写", "not permitted"),
    ],
)
def test_a_fault_names_its_key_and_is_told_in_both_languages(
    value: dict[str, object], key: str, chinese: str, english: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate({"inner": [{}, value]})
    (fault,) = map(fault_of, caught.value.errors())
    assert fault.key == f"inner[1].{key}"
    assert fault.problem.zh == chinese
    assert english in fault.problem.en


def test_what_has_no_chinese_is_told_in_english() -> None:
    fault = fault_of({"type": "novel", "loc": ("a",), "msg": "is odd", "input": 1})
    assert fault == Fault("a", ("is odd", "is odd"))  # type: ignore[arg-type]


def test_the_exception_lists_all() -> None:
    from core.errors import Text

    faults = [Fault("a", Text("一", "one")), Fault("b[0]", Text("二", "two"))]
    assert str(BadConfigurationError(faults)) == "a: one; b[0]: two"
