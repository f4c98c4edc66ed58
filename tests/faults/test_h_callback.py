"""Pushes that come early, twice, late, never or from somebody else: 149, 150."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from jobs.settings import JobsSettings
from jobs.states import State
from sandbox.world import Outcome, PushPlan
from store import events
from store.engine import Database
from tests.faults.pushing import KEY, TOKEN, open_pushing
from tests.jobs.rig import QUICK, SUBMIT
from wechat.push import seal, signature
from wechat.pushed import PUBLISHED

# So that only a push can bring the end within the time of a test.
PATIENT = QUICK.model_copy(update={"first_poll_s": (3_600.0,), "poll_every_s": 3_600.0})


async def test_149_the_finished_event_and_a_poll_make_one_transition(
    database: Database, tmp_path: Path
) -> None:
    quick: JobsSettings = QUICK.model_copy(update={"first_poll_s": (0.05,), "poll_every_s": 0.05})
    async with open_pushing(database, tmp_path, settings=quick) as pushing:
        pushing.rig.sandbox.world.pushes = PushPlan(copies=3)
        rows = [await pushing.rig.submit(f"正文 {n}", title=f"第 {n} 篇") for n in range(4)]
        ended = [await pushing.rig.until(row.id) for row in rows]
        await pushing.until_counted(taken=4, repeated=8)
        assert [row.state for row in ended] == [State.SUCCEEDED] * 4
        counted = pushing.rig.context.metrics.jobs.labels("article", "succeeded")
        assert counted._value.get() == 4
        assert [(await pushing.rig.get(row.id)).version for row in rows] == [
            row.version for row in ended
        ]
        assert pushing.rig.committed("publication") == pushing.rig.committed("article") == 4


async def test_149_150_an_event_spares_the_calls_that_would_ask(
    database: Database, tmp_path: Path
) -> None:
    async with open_pushing(database, tmp_path, settings=PATIENT) as pushing:
        row = await pushing.rig.submit()
        ended = await pushing.rig.until(row.id)
        assert ended.state == State.SUCCEEDED
        assert ended.result is not None
        (article,) = pushing.rig.sandbox.ledger.entries("article")
        assert ended.result["article_id"] == article.data["article_id"]
        assert ended.result["url"] == article.data["url"]
        assert pushing.gets() == 0


async def test_150_an_event_before_the_submits_answer_waits_for_it(
    database: Database, tmp_path: Path
) -> None:
    async with open_pushing(database, tmp_path, publish_s=0, settings=PATIENT) as pushing:
        pushing.rig.fault("slow", SUBMIT, seconds=0.8)
        row = await pushing.rig.submit()
        await pushing.until_counted(taken=1)
        (publication,) = pushing.rig.sandbox.ledger.entries("publication")
        early = await pushing.event_of(publication.data["publish_id"])
        assert early is not None
        assert early.job_id is None
        assert (await pushing.rig.get(row.id)).state == State.RUNNING
        assert (await pushing.rig.until(row.id)).state == State.SUCCEEDED
        joined = await pushing.event_of(publication.data["publish_id"])
        assert joined is not None
        assert joined.job_id == row.id
        assert pushing.gets() == 0


async def test_150_an_event_helps_where_the_answer_is_lost(
    database: Database, tmp_path: Path
) -> None:
    slow = PATIENT.model_copy(update={"reconcile_quiet_s": 3_600.0})
    async with open_pushing(database, tmp_path, settings=slow) as pushing:
        pushing.rig.fault("reset_after_commit", SUBMIT)
        row = await pushing.rig.submit()
        ended = await pushing.rig.until(row.id)
        assert ended.state == State.SUCCEEDED
        assert ended.result is not None
        (publication,) = pushing.rig.sandbox.ledger.entries("publication")
        assert ended.result["publish_id"] == publication.data["publish_id"]
        assert pushing.rig.committed("publication") == 1


@pytest.mark.parametrize("status", [2, 3, 4])
async def test_150_a_failure_is_told_as_well_as_a_success(
    database: Database, tmp_path: Path, status: int
) -> None:
    async with open_pushing(database, tmp_path, settings=PATIENT) as pushing:
        pushing.rig.sandbox.world.outcomes["*"] = Outcome(publish_status=status)
        row = await pushing.rig.submit()
        ended = await pushing.rig.until(row.id)
        assert (ended.state, (ended.error or {})["code"]) == (State.FAILED, "publish_failed")
        assert (ended.error or {})["details"]["publish_status"] == status
        assert pushing.gets() == 0


async def test_150_an_event_of_an_unknown_publication_is_kept_and_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    async with open_pushing(database, tmp_path, settings=PATIENT, publish_s=60) as pushing:
        row = await pushing.rig.submit()
        await pushing.rig.until(row.id, State.RUNNING)
        await _push(pushing.url, _end("999", article_id="stranger"))
        async with database.read() as connection:
            (kept,) = await events.unjoined(connection, "main", PUBLISHED, since=0, limit=9)
        assert kept.subject == "999"
        assert not State((await pushing.rig.get(row.id)).state).is_final


async def test_150_a_forged_event_leaves_nothing(database: Database, tmp_path: Path) -> None:
    async with open_pushing(database, tmp_path, settings=PATIENT, publish_s=60) as pushing:
        row = await pushing.rig.submit()
        while not (publications := pushing.rig.sandbox.ledger.entries("publication")):
            await asyncio.sleep(0.01)
        end = _end(publications[0].data["publish_id"], article_id="forged")
        for how in ({"token": "guess"}, {"key": "x" * 43}, {"plain": True}):
            assert await _push(pushing.url, end, **how) == 403
        assert pushing.counted == {"refused": 3}
        assert await pushing.event_of(publications[0].data["publish_id"]) is None
        assert not State((await pushing.rig.get(row.id)).state).is_final


async def test_150_in_plain_mode_an_event_is_a_hint_and_wechat_is_asked(
    database: Database, tmp_path: Path
) -> None:
    async with open_pushing(
        database, tmp_path, settings=PATIENT, safe=False, publish_s=60
    ) as pushing:
        row = await pushing.rig.submit()
        while "publish_id" not in (known := (await pushing.rig.get(row.id)).checkpoint):
            await asyncio.sleep(0.01)
        end = _end(known["publish_id"], article_id="forged")
        assert await _push(pushing.url, end, plain=True) == 200
        async with asyncio.timeout(20):
            while not pushing.gets():
                await asyncio.sleep(0.01)
        pushing.rig.ahead(120)
        ended = await pushing.rig.until(row.id)
        assert ended.result is not None
        assert ended.result["article_id"] != "forged"


def _end(publish_id: str, *, article_id: str) -> str:
    return (
        "<xml><ToUserName>gh</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>"
        f"<MsgType>event</MsgType><Event>{PUBLISHED}</Event><PublishEventInfo>"
        f"<publish_id>{publish_id}</publish_id><publish_status>0</publish_status>"
        f"<article_id>{article_id}</article_id><article_detail><count>1</count><item><idx>1</idx>"
        "<article_url>http://127.0.0.1/x</article_url></item></article_detail>"
        "</PublishEventInfo></xml>"
    )


async def _push(
    url: str, xml: str, *, token: str = TOKEN, key: str = KEY, plain: bool = False
) -> int:
    """Push it as WeChat would, or as somebody else."""
    stamp, nonce = str(int(time.time())), "n"
    query = {"timestamp": stamp, "nonce": nonce, "signature": signature(token, stamp, nonce)}
    if not plain:
        sealed = seal(
            xml.encode(),
            encoding_aes_key=key, app_id="wx5a4db0c0ffee0001", random16=bytes(16),
        )  # fmt: skip
        query["msg_signature"] = signature(token, stamp, nonce, sealed)
        xml = f"<xml><Encrypt>{sealed}</Encrypt></xml>"
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.post(url, params=query, content=xml.encode())).status_code
