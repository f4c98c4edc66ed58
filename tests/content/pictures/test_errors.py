import pytest

from content.pictures import errors
from core.errors import GatewayError

ALL = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, errors.ImageError)
    if value is not errors.ImageError
]


@pytest.mark.parametrize("error", ALL)
def test_every_message_names_the_picture_in_both_languages(error: type[GatewayError]) -> None:
    assert "{picture}" in error.message.zh
    assert "{picture}" in error.message.en
