import pytest

from accounts.clients import Client
from accounts.keys import digest_of, epoch_of, hint_of, new_key, shows_key


def test_a_new_key_is_one_that_its_client_may_have_and_nobody_had_before() -> None:
    keys = {new_key("my-blog") for _ in range(100)}
    assert len(keys) == 100
    for key in keys:
        Client.model_validate(
            {"id": "my-blog", "key": key, "accounts": ["main"], "scopes": ["draft"]}
        )


def test_epochs_and_hints_tell_keys_apart_and_do_not_give_them_away() -> None:
    one, two = new_key("blog"), new_key("blog")
    assert epoch_of(digest_of(one)) != epoch_of(digest_of(two))
    assert len(epoch_of(digest_of(one))) == 8
    assert one.endswith(hint_of(one))
    assert len(hint_of(one)) == 4


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bearer wxg_blog_0123456789abcdefghijklmnop", True),
        ("xwxg_blog_0123456789abcdefghijklmnop&y", True),
        ("wxg_blog_short", False),
        ("wxgv_sealed", False),
        ("", False),
    ],
)
def test_a_key_is_seen_anywhere_in_a_text(text: str, *, shown: bool) -> None:
    assert shows_key(text) is shown
