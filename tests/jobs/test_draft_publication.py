from jobs.draft_publication import DraftPublication
from jobs.states import State

ASKED = DraftPublication(client_id="blog", account="main", media_id="M")


def test_a_later_publication_begins_at_once_to_see_the_draft() -> None:
    later = DraftPublication(client_id="blog", account="main", media_id="M", publish_at=900)
    row = later.row(100)
    assert (row.state, row.run_at, row.due_at, row.subject) == (State.ACCEPTED, 100, 900, "M")


def test_one_that_needs_approval_waits_for_it() -> None:
    row = DraftPublication(client_id="blog", account="main", media_id="M", needs_approval=True).row(
        100
    )
    assert (row.state, row.approval) == (State.WAITING, "pending")


def test_what_means_the_same_has_the_same_hash() -> None:
    same = DraftPublication(client_id="blog", account="main", media_id="M")
    other = DraftPublication(client_id="blog", account="main", media_id="M", if_changed="publish")
    assert ASKED.body_hash() == same.body_hash() != other.body_hash()
