import json
from typing import Any

import pytest

from notify.audit_news import news_of
from store.audit import AuditRow


def entry(action: str, subject: str = "blog", **values: Any) -> AuditRow:
    said = {"detail": values.pop("detail", {})}
    defaults: dict[str, Any] = {
        "seq": 1,
        "at": 100.0,
        "actor": "client:boss",
        "action": action,
        "subject": subject,
        "account": None,
        "entry": json.dumps(said),
        "hash": "0",
    }
    return AuditRow(**{**defaults, **values})


@pytest.mark.parametrize(
    ("action", "event"),
    [
        ("client.create", "key.created"),
        ("client.key_made", "key.created"),
        ("client.key_revoked", "key.revoked"),
        ("client.remove", "key.revoked"),
        ("client.change", "config.changed"),
        ("account.create", "config.changed"),
        ("account.remove", "config.changed"),
        ("channel.change", "config.changed"),
    ],
)
def test_who_changed_what_is_told(action: str, event: str) -> None:
    (told,) = news_of(entry(action))
    assert (told.event, told.key) == (event, "blog #1")
    kind = action.partition(".")[0]
    expected = {"actor": "client:boss", "action": action, kind: "blog"}
    assert {**told.data, **expected} == told.data


@pytest.mark.parametrize("action", ["publish.submit", "webhook.create", "template.save", "login"])
def test_the_days_work_is_no_news(action: str) -> None:
    assert news_of(entry(action)) == []


def test_a_change_is_told_by_the_names_of_what_changed_never_by_values() -> None:
    (told,) = news_of(
        entry("client.change", detail={"rate_limit": "9/minute", "scopes": ["draft"]})
    )
    assert told.data["keys"] == ["rate_limit", "scopes"]
    assert "9/minute" not in str(told)


def test_keys_are_named_by_their_ids() -> None:
    detail = {"new": "ab12", "ended": ["cd34"], "overlap_s": 0}
    (told,) = news_of(entry("client.key_made", detail=detail))
    assert (told.data["new"], told.data["ended"]) == ("ab12", ["cd34"])


def test_a_file_tells_what_changed_in_it_and_which_keys_came_and_went() -> None:
    detail = {"keys": ["clients.blog"], "keys_made": ["blog"], "keys_revoked": ["old", "blog"]}
    told = news_of(entry("config.reload", "configuration", detail=detail, actor="system"))
    assert [(one.event, one.key) for one in told] == [
        ("config.changed", "file #1"),
        ("key.created", "blog #1"),
        ("key.revoked", "old #1"),
        ("key.revoked", "blog #1"),
    ]
    assert told[0].data["keys"] == ["clients.blog"]


def test_two_changes_of_one_thing_are_two_things_to_tell_of() -> None:
    keys = [news_of(entry("client.key_revoked", seq=seq))[0].key for seq in (1, 2)]
    assert len(set(keys)) == 2


@pytest.mark.parametrize("text", ["not JSON", "[]", "1"])
def test_a_row_that_was_spoilt_is_told_by_its_columns(text: str) -> None:
    (told,) = news_of(entry("client.create", entry=text))
    assert told.data["client"] == "blog"
