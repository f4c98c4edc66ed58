from typing import Any

from wxgate_client.following import Following

RUNNING: dict[str, Any] = {"id": "job_1", "state": "running"}


def hear(following: Following, text: str) -> list[dict[str, Any]]:
    heard = (following.hear(line) for line in text.split("\n"))
    return [job for job in heard if job is not None]


def test_a_job_is_heard_at_the_empty_line_and_its_number_kept() -> None:
    following = Following(RUNNING)
    assert hear(following, 'event: job\nid: 7\ndata: {"id":"job_1",\ndata:"state":"failed"}') == []
    assert not following.is_over
    assert hear(following, "") == [{"id": "job_1", "state": "failed"}]
    assert following.is_over
    assert following.call().headers["Last-Event-ID"] == "7"


def test_half_an_event_is_forgotten_with_its_connection() -> None:
    following = Following(RUNNING)
    hear(following, 'id: 7\ndata: {"id":"jo')
    assert "Last-Event-ID" not in following.call().headers
    assert hear(following, ': a comment\n\nid: 1\ndata: {"state":"running"}\n') == [
        {"state": "running"}
    ]


def test_a_line_without_an_event_changes_nothing() -> None:
    following = Following(RUNNING)
    assert hear(following, "retry: 100\n\n\nid: 9\n\n") == []
    assert following.job == RUNNING
