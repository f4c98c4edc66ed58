import pytest

from core.secret import redact, redact_event

CANARY = "CANARY0123456789abcdef"


@pytest.mark.parametrize(
    "text",
    [
        f"GET /cgi-bin/draft/add?access_token={CANARY}&x=1",
        f"/cgi-bin/token?appid=wx1&secret={CANARY}",
        f'{{"appsecret": "{CANARY}"}}',
        f"{{'access_token': '{CANARY}'}}",
        f"Authorization: Bearer {CANARY}",
        f"the key wxg_blog_{CANARY} was refused",
    ],
)
def test_credentials_inside_of_a_text_are_masked(text: str) -> None:
    assert CANARY not in redact(text)
    assert "***" in redact(text)


def test_harmless_text_stays_as_it_is() -> None:
    text = "POST /cgi-bin/draft/add title=标题 media_id=abc"
    assert redact(text) == text


def test_secret_named_keys_of_an_event_are_masked() -> None:
    event = {"event": "x", "Authorization": CANARY, "url": f"/a?secret={CANARY}", "count": 3}
    redacted = redact_event(None, "info", event)
    assert CANARY not in str(redacted)
    assert redacted["count"] == 3
