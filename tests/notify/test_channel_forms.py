import pytest

from core.secret import MASK
from notify.channel_errors import ChannelInvalid
from notify.channel_forms import changed, checked, read_back, revealed, shown
from notify.kinds import KINDS

URL = "https://oapi.dingtalk.com:8443/robot/send?access_token=canary"
ENTRY = {"name": "ops", "type": "dingtalk", "url": URL, "secret": "SECcanary", "clients": ["a"]}


def test_what_is_kept_makes_the_same_settings_again() -> None:
    settings = checked(ENTRY)
    assert checked(read_back(revealed(settings))) == settings


def test_what_is_shown_has_no_secret_in_it() -> None:
    told = shown(checked(ENTRY))
    assert told["url"] == f"https://oapi.dingtalk.com:8443/{MASK}"
    assert told["secret"] == MASK
    assert told["clients"] == ["a"]
    assert shown(checked({**ENTRY, "secret": ""}))["secret"] == ""


def test_what_was_shown_is_no_secret() -> None:
    with pytest.raises(ChannelInvalid) as caught:
        checked({**ENTRY, "secret": MASK})
    assert caught.value.field == "secret"


def test_an_unknown_type_is_told_those_that_there_are() -> None:
    for kind in ("pigeon", None, 7):
        with pytest.raises(ChannelInvalid, match="dingtalk"):
            checked({**ENTRY, "type": kind})


@pytest.mark.parametrize("name", ["url", "secret"])
def test_a_wrong_value_is_not_told_back(name: str) -> None:
    with pytest.raises(ChannelInvalid) as caught:
        checked({**ENTRY, name: ["canary"]})
    assert "canary" not in str(caught.value)
    assert caught.value.field == name


def test_every_kind_can_be_checked() -> None:
    for name in KINDS:
        with pytest.raises(ChannelInvalid):
            checked({"name": "x", "type": name, "nonsense": 1})


MAILBOX = {"name": "qq", "host": "smtp.qq.com", "port": 465, "password": "canary", "weight": 1}
MAIL = {"name": "mail", "type": "email", "accounts": [MAILBOX]}


def test_a_mailbox_keeps_its_password_until_another_is_said() -> None:
    said = [{"name": "qq", "host": "smtp.qq.com", "weight": 2}, {"name": "new", "host": "x"}]
    (one, new) = changed(MAIL, {"accounts": said})["accounts"]
    assert one == {"name": "qq", "host": "smtp.qq.com", "weight": 2, "password": "canary"}
    assert "password" not in new
    other = changed(MAIL, {"accounts": [{**MAILBOX, "password": "other", "host": "smtp.x"}]})
    assert other["accounts"][0]["password"] == "other"
    assert changed(MAIL, {"accounts": [{**MAILBOX, "password": ""}]})["accounts"][0] == {
        **MAILBOX,
        "password": "",
    }
    assert changed(MAIL, {"enabled": False}) == {**MAIL, "enabled": False}
    assert changed(MAIL, {"accounts": ["odd"]})["accounts"] == ["odd"]


@pytest.mark.parametrize("where", [{"host": "evil.example"}, {"port": 25}, {"security": "plain"}])
def test_a_password_goes_to_no_other_server_unsaid(where: dict[str, object]) -> None:
    said = {"name": "qq", "host": "smtp.qq.com", **where}
    with pytest.raises(ChannelInvalid) as caught:
        changed(MAIL, {"accounts": [said]})
    assert "canary" not in str(caught.value)
    assert caught.value.field == "accounts"
