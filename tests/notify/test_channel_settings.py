import pytest
from pydantic import ValidationError

from notify.channel_settings import ChannelSettings
from notify.senders.webhook import WebhookSettings


def channel(**said: object) -> ChannelSettings:
    return ChannelSettings.model_validate({"name": "ops", "type": "x", **said})


def test_it_serves_everybody_or_those_it_names() -> None:
    assert channel().serves("blog")
    assert channel(clients=["blog"]).serves("blog")
    assert not channel(clients=["blog"]).serves("other")


def test_callers_may_name_only_recipients_of_its_patterns() -> None:
    mail = channel(allow_to=["*@example.com", "boss@example.org"])
    assert mail.may_reach("A@Example.COM")
    assert mail.may_reach("boss@example.org")
    assert not mail.may_reach("a@example.com.evil.test")
    assert not mail.may_reach("x@example.org")
    assert not channel().may_reach("a@example.com")
    assert channel(allow_to=["+86*"]).may_reach("+8613800000000")


@pytest.mark.parametrize(
    "recipient",
    [
        "boss@evil.test,a@example.com",
        "boss@evil.test;a@example.com",
        "boss@evil.test a@example.com",
        "<boss@evil.test>a@example.com",
        '"boss@evil.test"@example.com',
        "boss@evil.test\r\n@example.com",
        "",
    ],
)
def test_several_recipients_in_one_text_do_not_pass_with_the_last(recipient: str) -> None:
    assert not channel(allow_to=["*@example.com", "*"]).may_reach(recipient)


@pytest.mark.parametrize("pattern", ["", "a b", "[a]*", "a?", "*" * 3, "x" * 200])
def test_patterns_are_short_and_have_two_stars_at_most(pattern: str) -> None:
    with pytest.raises(ValidationError):
        channel(allow_to=[pattern])


@pytest.mark.parametrize("name", ["", "Ops", "a b", "-a", "x" * 33, "运维"])
def test_names_are_plain(name: str) -> None:
    with pytest.raises(ValidationError):
        channel(name=name)


@pytest.mark.parametrize(
    "url", ["", "ftp://a/", "https://", "https://u:p@host/", "https://h/ x", "https://h/\n", "//h"]
)
def test_addresses_are_whole_and_never_shown(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WebhookSettings.model_validate(
            {"name": "a", "type": "webhook", "url": url, "secret": "whsec_" + "MDAw" * 8}
        )
    assert "u:p" not in str(caught.value)
