from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import SchemaError

from templates.variables import Variable, matcher


@pytest.mark.parametrize("name", ["title", "标题", "a1_b"])
def test_a_variable_is_called_as_jinja_can_write_it(name: str) -> None:
    assert Variable(name=name).type == "string"


@pytest.mark.parametrize(
    "said",
    [
        {"name": "a-b"},
        {"name": "_x"},
        {"name": "1a"},
        {"name": "for"},
        {"name": "now"},
        {"name": "loop"},
        {"name": "a", "type": "enum"},
        {"name": "a", "choices": ["x"]},
        {"name": "a", "min": 3, "max": 2},
        {"name": "a", "pattern": "("},
        {"name": "a", "more": 1},
    ],
)
def test_what_cannot_be_declared_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Variable.model_validate(said)


def test_a_pattern_takes_linear_time_whatever_it_is() -> None:
    slow_elsewhere = matcher("(a+)+b")
    with pytest.raises(ValueError, match="pattern"):
        slow_elsewhere.validate_python("a" * 20_000)
    with pytest.raises(SchemaError):
        matcher("(a{1000}){1000}{1000}")
