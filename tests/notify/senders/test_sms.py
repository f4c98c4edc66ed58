from typing import Any

import pytest
from pydantic import ValidationError

from notify.sender import NotDelivered
from notify.senders.sms import MOST_NUMBERS, SmsSettings, numbers_of, values_of
from tests.notify.conftest import MakeMessage


def settings(**said: Any) -> SmsSettings:
    entry = {"name": "sms", "type": "x", "sign_name": "示例", "template": "SMS_1", **said}
    return SmsSettings.model_validate(entry)


def test_who_is_named_gets_it_in_place_of_the_channels_own(message: MakeMessage) -> None:
    own = settings(to=["+8613800000000"])
    assert numbers_of(own, message()) == ["+8613800000000"]
    named = message(to=("+8613900000000", "13900000001", "+8613900000000"))
    assert numbers_of(own, named) == ["+8613900000000", "13900000001"]


def test_nobody_and_too_many_are_refused_for_good(message: MakeMessage) -> None:
    for to in ((), tuple(f"+86{i:08}" for i in range(MOST_NUMBERS + 1))):
        with pytest.raises(NotDelivered) as caught:
            numbers_of(settings(), message(to=to))
        assert caught.value.final


def test_variables_are_filled_in_the_order_of_the_template(message: MakeMessage) -> None:
    told = values_of(
        settings(params=["subject", "code", "missing", "account"]),
        message(subject="a\nb", variables={"code": "1" * 50}, account="main"),
    )
    assert list(told) == ["subject", "code", "missing", "account"]
    assert told == {"subject": "a b", "code": "1" * 34 + "…", "missing": "-", "account": "main"}


@pytest.mark.parametrize("number", ["", "abc", "1380000,0000", "+86 138", "1" * 30])
def test_numbers_are_numbers(number: str) -> None:
    with pytest.raises(ValidationError):
        settings(to=[number])


@pytest.mark.parametrize("to", ["+8613800000000,+441234567", "+861380000000 ", "138\n", "boss"])
def test_several_numbers_in_one_text_are_refused_for_good(message: MakeMessage, to: str) -> None:
    with pytest.raises(NotDelivered) as caught:
        numbers_of(settings(), message(to=(to,)))
    assert caught.value.final
