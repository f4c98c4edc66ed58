import pytest

from core.errors import GatewayError
from fetch import errors

ALL = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, errors.FetchError)
    if value is not errors.FetchError
]


@pytest.mark.parametrize("error", ALL)
def test_every_message_names_the_url_in_both_languages(error: type[GatewayError]) -> None:
    assert "{url}" in error.message.zh
    assert "{url}" in error.message.en


def test_codes_are_unique() -> None:
    assert len({error.code for error in ALL}) == len(ALL) == 11
