from typing import Any

import pytest
from pydantic import ValidationError

from notify.email.settings import EmailSettings, MailAccount

ACCOUNT: dict[str, Any] = {
    "name": "qq",
    "host": "smtp.qq.com",
    "address": "1@qq.com",
    "password": "code",
}


def _channel(**values: Any) -> EmailSettings:
    return EmailSettings.model_validate(
        {"name": "mail", "type": "email", "accounts": [ACCOUNT], **values}
    )


@pytest.mark.parametrize(("security", "port"), [("tls", 465), ("starttls", 587), ("plain", 25)])
def test_a_port_follows_from_how_it_is_secured(security: str, port: int) -> None:
    assert MailAccount.model_validate({**ACCOUNT, "security": security}).port == port
    said = MailAccount.model_validate({**ACCOUNT, "security": security, "port": 994})
    assert said.port == 994


def test_it_logs_in_as_its_address_unless_told_otherwise() -> None:
    assert MailAccount.model_validate(ACCOUNT).login == "1@qq.com"
    assert MailAccount.model_validate({**ACCOUNT, "username": "me"}).login == "me"
    assert MailAccount.model_validate({**ACCOUNT, "password": ""}).login == ""


def test_the_password_is_shown_nowhere() -> None:
    assert "code" not in repr(_channel())
    with pytest.raises(ValidationError) as caught:
        _channel(accounts=[{**ACCOUNT, "weight": "heavy"}])
    assert "code" not in str(caught.value).replace("For further", "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"accounts": []},
        {"accounts": [ACCOUNT, ACCOUNT]},
        {"accounts": [{**ACCOUNT, "address": "a@b.c, d@e.f"}]},
        {"accounts": [{**ACCOUNT, "address": "小王@b.c"}]},
        {"accounts": [{**ACCOUNT, "username": "a\r\nb"}]},
        {"accounts": [{**ACCOUNT, "host": "a b"}]},
        {"accounts": [{**ACCOUNT, "security": "none"}]},
        {"to": ["nobody"]},
        {"reply_to": "nobody"},
        {"from_name": "a\nb"},
        {"unsubscribe": "http://x.example"},
    ],
)
def test_what_cannot_work_is_refused_where_it_is_written(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        _channel(**wrong)


@pytest.mark.parametrize(
    ("account", "warned"),
    [
        ({"security": "plain"}, ["accounts.qq.security"]),
        ({"security": "plain", "password": ""}, []),
        ({"security": "plain", "host": "127.0.0.1"}, []),
        ({"security": "plain", "host": "localhost"}, []),
        ({"security": "starttls"}, []),
    ],
)
def test_a_password_in_the_clear_is_warned_of(account: dict[str, str], warned: list[str]) -> None:
    channel = _channel(accounts=[{**ACCOUNT, **account}], to=["ops@example.com"])
    assert [key for key, _ in channel.warnings()] == warned


def test_a_channel_that_writes_to_nobody_is_warned_of() -> None:
    assert [key for key, _ in _channel(to=[]).warnings()] == ["to"]


def test_a_recipient_is_one_bare_address() -> None:
    channel = _channel(allow_to=["*@example.com"])
    for wrong in ("x@evil.example,a@example.com", "X <a@example.com>", "a@example.com ,", "a"):
        assert not channel.is_recipient(wrong)
    assert channel.is_recipient("a@example.com")
