from accounts import client_errors
from core.errors import GatewayError


def test_each_tells_the_operator_what_to_do_in_both_languages() -> None:
    errors = [each for each in vars(client_errors).values() if isinstance(each, type)]
    declared = [
        each for each in errors if issubclass(each, GatewayError) and each.code != "internal"
    ]
    assert len(declared) == 5
    for error in declared:
        told = error(client="shop", key="abcd", count=0, account="x")
        assert 400 <= told.status < 500
        for language in ("zh", "en"):
            described = told.describe(language, "req_1")
            assert "{" not in described["message"] + described["hint"]
