import pytest

from core.errors import GatewayError
from templates import errors

_ALL = [
    each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, GatewayError) and each is not GatewayError
]


@pytest.mark.parametrize("error", _ALL)
def test_each_says_what_is_wrong_with_all_its_values(error: type[GatewayError]) -> None:
    values = dict.fromkeys(("template", "line", "zh", "en", "name", "kind", "wanted", "users"), "x")
    for language in ("zh", "en"):
        told = error(**values).describe(language, "r")  # type: ignore[arg-type]
        assert "{" not in told["message"] + told["hint"]
    assert error.code.startswith("template_")
