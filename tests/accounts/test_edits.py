import pytest

from accounts.audit import AuditEntry
from accounts.edits import Editor, StaleEdit, check_version


def test_an_entry_says_who_did_what_from_where() -> None:
    editor = Editor("client:ops", "req_1", "10.0.0.1")
    assert editor.did("client.create", "blog", {"scopes": ["draft"]}) == AuditEntry(
        actor="client:ops",
        action="client.create",
        subject="blog",
        detail={"scopes": ["draft"]},
        request_id="req_1",
        ip="10.0.0.1",
    )


def test_a_stale_edit_names_the_version_there_is() -> None:
    assert "version 3" in str(StaleEdit(subject="blog", version=3))


def test_only_who_has_seen_another_version_is_refused() -> None:
    check_version("blog", 3, 3)
    check_version("blog", None, 3)
    with pytest.raises(StaleEdit, match="version 3"):
        check_version("blog", 2, 3)
