from typing import Any

import pytest

from jobs.failures import Quarantined, stored_error
from jobs.happened import approval_wanted, ended, reviewed
from jobs.states import State
from tests.store.rows import job_row
from wechat.call import WeChatRefused

PUBLISHED = {"mode": "published", "article_id": "A", "url": "https://mp.test/s/1", "images": []}


@pytest.mark.parametrize(
    ("action", "state", "result", "event"),
    [
        ("draft", "succeeded", {"mode": "draft"}, "job.succeeded"),
        ("publish", "succeeded", PUBLISHED, "publish.succeeded"),
        ("mass_send", "succeeded", {"mode": "mass_sent"}, "publish.succeeded"),
        ("publish", "succeeded", {"mode": "draft_ready"}, "draft.ready"),
        ("publish", "succeeded", {"mode": "draft_ready", "left_box": {}}, "publish.succeeded"),
        ("publish", "failed", None, "publish.failed"),
        ("draft", "failed", None, "job.failed"),
        ("publish", "needs_review", None, "job.needs_review"),
        ("publish", "cancelled", None, "job.cancelled"),
    ],
)
def test_the_end_of_a_job_is_one_thing_to_people(
    action: str, state: str, result: dict[str, Any] | None, event: str
) -> None:
    told = ended(job_row(action=action, title="标题"), State(state), result, None)
    assert (told.event, told.account, told.key) == (event, "main", "job_1")
    assert told.data["title"] == "标题"
    assert told.data["client"] == "blog"
    assert told.data["state"] == state


def test_people_get_the_articles_address_and_no_pictures() -> None:
    told = ended(job_row(), State.SUCCEEDED, PUBLISHED, None)
    assert told.data["article_url"] == "https://mp.test/s/1"
    assert "images" not in told.data
    several = ended(job_row(), State.SUCCEEDED, {"urls": ["https://mp.test/s/2", "x"]}, None)
    assert several.data["article_url"] == "https://mp.test/s/2"
    by_hand = {"mode": "draft_ready", "url": "preview", "left_box": {"url": "https://mp.test/s/3"}}
    assert ended(job_row(), State.SUCCEEDED, by_hand, None).data["article_url"].endswith("/3")


def test_of_a_batch_people_learn_how_many_came_to_what() -> None:
    batch = job_row(kind="batch", action="publish")
    told = ended(batch, State.PARTLY_FAILED, {"failed": 1, "succeeded": 2}, None)
    assert (told.event, told.data["items"]) == ("job.partly_failed", {"failed": 1, "succeeded": 2})
    assert ended(batch, State.FAILED, {"failed": 1}, None).event == "job.failed"


def test_a_failure_says_why_and_what_to_do_in_both_languages() -> None:
    error = stored_error(Quarantined(starts=5))
    told = ended(job_row(), State.FAILED, None, error).data
    assert told["code"] == "quarantined"
    assert told["error"].keys() == told["hint"].keys() == {"zh", "en"}
    refused = stored_error(WeChatRefused(errcode=53503, errmsg="no", path="/p"))
    told = ended(job_row(), State.FAILED, None, refused).data
    assert (told["errcode"], told["errmsg"]) == (53503, "no")


def test_a_title_is_cut_and_may_be_missing() -> None:
    assert approval_wanted(job_row(title="长" * 999)).data["title"] == "长" * 200
    assert approval_wanted(job_row(title=None)).data["title"] is None


def test_a_review_that_is_over_ends_what_asked_for_it() -> None:
    asked = ended(job_row(), State.NEEDS_REVIEW, None, None)
    over = reviewed(job_row())
    assert (over.event, over.key, over.over) == (asked.event, asked.key, True)
