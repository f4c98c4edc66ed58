import asyncio
from pathlib import Path

import httpx
import pytest

from core.clock import next_shanghai_midnight
from jobs.states import State
from sandbox.server import RunningSandbox
from sandbox.world import Outcome
from store import files as kept_files
from store import intents
from store.engine import Database
from tests.gateway import MAIN
from tests.jobs.rig import ADD, QUICK, SUBMIT, Rig, open_rig
from wechat.call import WeChatRefused


async def test_an_article_becomes_published_once(rig: Rig) -> None:
    row = await rig.until((await rig.submit()).id)
    assert row.state == State.SUCCEEDED
    assert row.result is not None
    assert row.result["mode"] == "published"
    assert row.result["url"].startswith("http")
    (article,) = rig.sandbox.ledger.entries("article")
    assert row.result["article_id"] == article.data["article_id"]
    assert [rig.committed(kind) for kind in ("draft", "publication", "article")] == [1, 1, 1]


async def test_a_draft_stays_a_draft_and_has_a_preview(rig: Rig) -> None:
    row = await rig.until((await rig.submit(action="draft")).id)
    assert row.state == State.SUCCEEDED
    assert row.result is not None
    assert row.result["mode"] == "draft"
    assert row.result["url"].startswith("http")
    (draft,) = rig.sandbox.ledger.entries("draft")
    assert row.result["media_id"] == draft.data["media_id"]
    assert rig.committed("publication") == 0


async def test_a_draft_counts_also_when_its_preview_cannot_be_had(rig: Rig) -> None:
    rig.fault("errcode", "/cgi-bin/draft/get", errcode=45009)
    row = await rig.until((await rig.submit(action="draft")).id)
    assert row.state == State.SUCCEEDED
    assert (row.result or {})["url"] == ""
    assert (row.result or {})["media_id"]


async def test_progress_and_warnings_are_kept_with_the_job(rig: Rig) -> None:
    async def take_long() -> None:
        rig.time.ahead_s += 1  # longer than two writes of progress may be apart

    rig.builder.before = take_long
    row = await rig.submit()
    seen = [event.progress async for event in rig.jobs.events(row.id, None) if event is not None]
    assert seen[0] == {"done": 0, "total": 1, "articles": 1}
    assert {
        "done": 1,
        "total": 4,
        "articles": 1,
    } in seen  # its one picture; draft, submit and end are to come
    row = await rig.until(row.id)
    thin = {"code": "thin", "message": {"zh": "太短", "en": "thin"}}
    assert row.warnings == [{**thin, "field": "markdown", "article": 0}]


async def test_a_personal_account_ends_with_the_clicks_that_remain(rig: Rig) -> None:
    row = await rig.until((await rig.submit(account="personal", title="我的标题")).id)
    assert row.state == State.SUCCEEDED
    assert row.result is not None
    assert row.result["mode"] == "draft_ready"
    assert row.result["url"].startswith("http")
    assert "我的标题" in "".join(row.result["next_steps"]["zh"])
    assert "我的标题" in "".join(row.result["next_steps"]["en"])
    assert rig.calls(SUBMIT) == 1


async def test_files_reach_the_builder_and_are_dropped_at_the_end(rig: Rig) -> None:
    row = await rig.submit(action="draft", files={"图/a.png": b"abc"})
    await rig.until(row.id)
    assert rig.builder.built == [{"图/a.png": b"abc"}]
    async with rig.database.read() as connection:
        assert await kept_files.of_job(connection, row.id) == {}


async def test_an_answer_lost_after_the_commit_is_adopted(rig: Rig) -> None:
    for path in (ADD, SUBMIT):
        rig.fault("reset_after_commit", path)
    row = await rig.until((await rig.submit()).id)
    assert row.state == State.SUCCEEDED
    assert [rig.committed(kind) for kind in ("draft", "publication", "article")] == [1, 1, 1]
    async with rig.database.read() as connection:
        for effect in ("draft", "submit"):
            (attempt,) = await intents.of_job(connection, row.id, effect)
            assert attempt.outcome == "adopted"


async def test_a_draft_lost_before_the_commit_is_sent_once_more(rig: Rig) -> None:
    rig.fault("reset_before_read", ADD)
    row = await rig.until((await rig.submit()).id)
    assert row.state == State.SUCCEEDED
    assert [rig.committed(kind) for kind in ("draft", "publication", "article")] == [1, 1, 1]
    async with rig.database.read() as connection:
        attempts = await intents.of_job(connection, row.id, "draft")
    assert [attempt.outcome for attempt in attempts] == ["absent", "answered"]


async def test_a_submit_lost_before_the_commit_is_sent_once_more_by_a_persons_order(
    rig: Rig,
) -> None:
    rig.fault("reset_before_read", SUBMIT)
    row = await rig.until((await rig.submit()).id)
    assert row.state == State.NEEDS_REVIEW
    assert row.error is not None
    assert row.error["code"] == "needs_review"
    assert row.error["details"]["draft_present"] is True
    assert row.result == {"mode": "draft", "media_id": row.error["details"]["media_id"]}
    assert (rig.calls(SUBMIT), rig.committed("publication")) == (1, 0)
    await rig.jobs.retry(row.id, "blog")
    row = await rig.until(row.id)
    assert row.state == State.SUCCEEDED
    assert rig.committed("publication") == rig.committed("article") == 1


async def test_a_publication_that_takes_longer_than_the_quiet_time_is_not_doubled(
    rig: Rig,
) -> None:
    """While WeChat publishes, the draft is in the box and no article is listed."""
    rig.sandbox.world.outcomes["*"] = Outcome(0, 3 * QUICK.reconcile_quiet_s, 0)
    rig.fault("reset_after_commit", SUBMIT)
    row = await rig.until((await rig.submit()).id)
    assert row.state == State.NEEDS_REVIEW
    assert (row.error or {})["details"]["draft_present"] is True
    while not rig.committed("article"):
        await asyncio.sleep(0.02)
    await rig.jobs.retry(row.id, "blog")
    row = await rig.until(row.id)
    assert row.state == State.SUCCEEDED
    assert rig.committed("publication") == 1
    async with rig.database.read() as connection:
        assert len(await intents.of_job(connection, row.id, "submit")) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "html502"},
        {"kind": "truncate"},
        {"kind": "garbage"},
        {"kind": "errcode", "errcode": -1},
    ],
)
@pytest.mark.parametrize("commit", [0, 1])
async def test_an_answer_that_says_nothing_never_makes_a_second_publication(
    rig: Rig, fault: dict[str, str], commit: int
) -> None:
    rig.fault(path=SUBMIT, commit=bool(commit), **fault)
    row = await rig.until((await rig.submit()).id)
    assert row.state == (State.SUCCEEDED if commit else State.NEEDS_REVIEW)
    assert rig.committed("publication") == rig.committed("article") == commit


async def test_an_order_is_for_one_attempt(rig: Rig) -> None:
    rig.fault("reset_before_read", SUBMIT, count=2)
    row = await rig.until((await rig.submit()).id)
    await rig.jobs.retry(row.id, "blog")
    row = await rig.until(row.id, State.NEEDS_REVIEW)
    assert (row.error or {})["details"]["attempt"] == 2
    assert rig.calls(SUBMIT) == 2
    assert rig.committed("publication") == 0


async def test_a_draft_that_somebody_deleted_after_a_lost_submit_needs_a_person(rig: Rig) -> None:
    rig.fault("reset_before_read", SUBMIT)
    row = await rig.submit()
    await rig.until(row.id, State.RUNNING)
    while not rig.sandbox.faults.happened:
        await asyncio.sleep(0.02)
    media_id = rig.sandbox.ledger.entries("draft")[0].data["media_id"]
    await rig.gateway.calls.post("main", "/cgi-bin/draft/delete", {"media_id": media_id})
    row = await rig.until(row.id)
    assert row.state == State.NEEDS_REVIEW
    assert row.error is not None
    assert row.error["details"]["draft_present"] is False


async def test_a_published_namesake_with_other_words_is_not_mistaken(rig: Rig) -> None:
    await rig.until((await rig.submit("别的话")).id)
    rig.fault("reset_after_commit", SUBMIT)
    row = await rig.until((await rig.submit("正文")).id)
    assert row.state == State.SUCCEEDED
    assert rig.committed("article") == 2


async def test_a_job_whose_submit_got_lost_does_not_adopt_its_twins_article(rig: Rig) -> None:
    rig.fault("reset_before_read", SUBMIT)
    lost = await rig.submit()
    while not rig.sandbox.faults.happened:
        await asyncio.sleep(0.02)
    rig.fault("reset_after_commit", SUBMIT)
    twin = await rig.until((await rig.submit()).id)
    assert twin.state == State.SUCCEEDED
    assert (await rig.until(lost.id)).state == State.NEEDS_REVIEW
    assert rig.committed("article") == 1


async def test_the_same_article_twice_is_published_twice(rig: Rig) -> None:
    """Lost answers do not make two jobs adopt the same publication."""
    rig.fault("reset_after_commit", SUBMIT, count=2)
    first, second = await rig.submit(), await rig.submit()
    rows = [await rig.until(first.id), await rig.until(second.id)]
    assert [row.state for row in rows] == [State.SUCCEEDED] * 2
    assert len({row.result["article_id"] for row in rows if row.result}) == 2
    assert rig.committed("article") == 2


async def test_a_cover_that_wechat_lost_is_uploaded_again_once(rig: Rig) -> None:
    await rig.until((await rig.submit(action="draft")).id)
    (cover,) = [entry.data["media_id"] for entry in rig.sandbox.ledger.entries("material")]
    await rig.gateway.calls.post("main", "/cgi-bin/material/del_material", {"media_id": cover})
    row = await rig.until((await rig.submit(action="draft")).id)
    assert row.state == State.SUCCEEDED
    assert rig.committed("material") == 2
    rig.fault("errcode", ADD, errcode=40007, count=2)
    row = await rig.until((await rig.submit(action="draft")).id)
    assert (row.state, (row.error or {})["upstream"]["errcode"]) == (State.FAILED, 40007)


async def test_a_product_card_that_has_lapsed_is_asked_for_again_once(rig: Rig) -> None:
    rig.fault("errcode", ADD, errcode=53405, count=1)
    row = await rig.until((await rig.submit(action="draft")).id)
    assert row.state == State.SUCCEEDED
    assert len(rig.builder.built) == 2


@pytest.mark.parametrize("errcode", [40164, 53503, 53504, 53505, 45166])
async def test_a_refusal_that_needs_a_person_ends_the_job_with_wechats_reason(
    rig: Rig, errcode: int
) -> None:
    rig.fault("errcode", SUBMIT, errcode=errcode)
    row = await rig.until((await rig.submit()).id)
    assert row.state == State.FAILED
    assert row.error is not None
    assert row.error["upstream"]["errcode"] == errcode
    assert (row.result or {})["mode"] == "draft"
    assert rig.calls(SUBMIT) == 1


@pytest.mark.parametrize("status", [2, 3, 4, 5, 6])
async def test_a_publication_that_fails_ends_the_job_with_its_reason(rig: Rig, status: int) -> None:
    rig.sandbox.world.outcomes["*"] = Outcome(status, 0.1, 0)
    row = await rig.until((await rig.submit()).id)
    assert row.state == State.FAILED
    assert row.error is not None
    assert (row.error["code"], row.error["details"]["publish_status"]) == ("publish_failed", status)


async def test_a_spent_day_waits_for_midnight_in_shanghai(rig: Rig) -> None:
    rig.fault("errcode", ADD, errcode=45009)
    row = await rig.submit()
    row = await rig.until(row.id, State.WAITING)
    assert 0 < row.run_at - next_shanghai_midnight(rig.time()) < 120
    assert (row.error or {})["upstream"]["errcode"] == 45009
    rig.ahead(row.run_at - rig.time() + 1)
    row = await rig.until(row.id)
    assert (row.state, row.error) == (State.SUCCEEDED, None)


async def test_a_spent_minute_waits_at_least_a_minute(rig: Rig) -> None:
    rig.fault("errcode", SUBMIT, errcode=45011)
    row = await rig.submit()
    row = await rig.until(row.id, State.WAITING)
    assert row.run_at - rig.time() > 55
    rig.ahead(125)
    assert (await rig.until(row.id)).state == State.SUCCEEDED


async def test_an_unreachable_wechat_is_tried_again_and_then_given_up(
    database: Database, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with open_rig(database, sandbox, tmp_path, url="http://127.0.0.1:1") as rig:
        row = await rig.submit()
        while row.checkpoint.get("retries", {}).get("count", 0) < 3:
            rig.ahead(60)
            await asyncio.sleep(0.05)
            row = await rig.until(row.id, State.WAITING)
        rig.ahead(4_000)
        row = await rig.until(row.id, State.FAILED)
    assert row.error is not None
    assert row.error["category"] == "gateway"
    assert row.checkpoint["retries"]["count"] >= 3


async def published_by_hand(rig: Rig, media_id: str) -> None:
    """As somebody does it in WeChat's console, past the gateway."""
    token = await rig.gateway.tokens.get(MAIN)
    async with httpx.AsyncClient(base_url=rig.sandbox.url, trust_env=False) as http:
        query = {"access_token": token.value}
        answer = await http.post(SUBMIT, params=query, json={"media_id": media_id})
    assert answer.json()["errcode"] == 0


async def test_a_draft_published_by_hand_meanwhile_counts(rig: Rig) -> None:
    rig.fault("errcode", SUBMIT, errcode=45011)
    row = await rig.submit()
    row = await rig.until(row.id, State.WAITING)
    media_id = row.checkpoint["media_id"]
    await published_by_hand(rig, media_id)
    while not rig.committed("article"):
        await asyncio.sleep(0.02)
    rig.ahead(125)
    row = await rig.until(row.id)
    assert row.state == State.SUCCEEDED
    assert row.result is not None
    assert row.result["article_id"] == rig.sandbox.ledger.entries("article")[0].data["article_id"]
    assert rig.committed("publication") == 1
    with pytest.raises(WeChatRefused):
        await rig.gateway.calls.post("main", "/cgi-bin/draft/get", {"media_id": media_id})


async def test_a_cancel_before_the_submit_keeps_the_draft_and_publishes_nothing(
    database: Database, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    asked = asyncio.Event()
    go_on = asyncio.Event()

    async def wait() -> None:
        asked.set()
        await go_on.wait()

    async with open_rig(database, sandbox, tmp_path) as rig:
        rig.builder.before = wait
        row = await rig.submit(files={"a": b"1"})
        await asked.wait()
        row = await rig.jobs.cancel(row.id, "blog")
        assert (row.state, row.cancel_requested) == (State.RUNNING, True)
        go_on.set()
        row = await rig.until(row.id)
    assert row.state == State.CANCELLED
    assert sandbox.ledger.entries("draft") == []
