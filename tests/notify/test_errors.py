from notify.errors import RecipientForbidden


def test_the_hint_says_where_recipients_are_allowed() -> None:
    told = RecipientForbidden(channel="mail", recipient="a@b").describe("en", "r")
    assert "allow_to" in told["hint"]
    assert "a@b" in told["message"]
