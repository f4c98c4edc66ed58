"""How a batch is shown; that it is handed in and followed is proven by test_batch.py."""

from typing import Any

import pytest

from server.cli.handing_in import print_report, status_of


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("succeeded", 0),
        ("waiting", 0),
        ("scheduled", 0),
        ("partly_failed", 1),
        ("failed", 1),
        ("cancelled", 1),
        ("needs_review", 4),
    ],
)
def test_the_exit_status_is_that_of_publish(state: str, status: int) -> None:
    assert status_of(state) == status


def test_each_item_has_a_line_and_the_whole_has_the_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    item: dict[str, Any] = {"index": 0, "state": "failed", "title": "a.md", "url": ""}
    item |= {"media_id": "", "error": "标题太长"}
    progress = {"done": 1, "total": 1, "failed": 1}
    report = {"id": "job_1", "state": "failed", "progress": progress, "items": [item]}
    print_report(report, as_json=False)
    _, line, whole = capsys.readouterr().out.splitlines()
    assert line.split() == ["0", "failed", "a.md", "-", "标题太长"]
    assert whole == "job_1 failed 1/1，失败 / failed 1"
