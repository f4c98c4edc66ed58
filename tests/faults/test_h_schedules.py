"""Section H: what has a time, and everything that may come between (faults 140 to 143, 151, 153)."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, func, select

from core.crash import no_crash
from core.errors import GatewayError
from core.metrics import Metrics
from jobs.changes import Changes
from jobs.claim import Claim, Done, Outcome
from jobs.context import JobsContext
from jobs.draft_publication import DraftPublication
from jobs.draft_sight import DraftSight
from jobs.engine import Engine
from jobs.executor import Executor
from jobs.lateness import LatePolicy
from jobs.once import Absent, Once, Resends
from jobs.schedules import ScheduleChanges
from jobs.states import State
from sandbox.server import RunningSandbox
from store.engine import Database, DatabaseSettings, open_database
from store.intents import IntentRow
from store.jobs import JobRow
from store.migrate import migrate
from store.tables import intent, is_active, job, revision, schedule
from tests.e2e.conftest import Opens, Stand
from tests.handlers.desk import NOW, open_desk
from tests.jobs.callers import caller
from tests.jobs.journals import journal_of
from tests.jobs.rig import Rig, open_rig
from tests.jobs.timetable import DAY, HOUR, MONDAY, Timetable
from wechat.draft import DraftClient

JOBS, SCHEDULES = 600, 400  # a thousand races


class Publish:
    """An effect that notes whose article it published."""

    name = "submit"
    resends: Resends = "by_order"
    releases = False  # there are no words to be compared

    def __init__(self, job_id: str, published: list[str]) -> None:
        self.fingerprint: dict[str, Any] = {"articles": [{"title": job_id}], "media_id": job_id}
        self._job_id = job_id
        self._published = published

    async def send(self) -> Mapping[str, str]:
        await asyncio.sleep(0)
        self._published.append(self._job_id)
        return {"publish_id": self._job_id}

    async def look(self, _intent: IntentRow) -> Absent:
        raise AssertionError("nothing is in doubt here")

    async def record(self, _connection: Any, _row: JobRow, _answer: Mapping[str, Any]) -> None:
        pass


def engine_of(timetable: Timetable, handler: Any, **settings: Any) -> Engine:
    context = JobsContext(
        database=timetable.database,
        settings=timetable.settings.model_copy(update=settings),
        executor=Executor(alone=False),
        changes=Changes(),
        journal=journal_of(timetable.database),
        live_client=caller,
        metrics=Metrics(),
        clock=lambda: timetable.now,
        crash=no_crash,
    )
    return Engine(context, {"article": handler(context)})


async def unfinished(database: Database, due_by: float) -> int:
    """How many jobs that are due by then are not over."""
    query = select(func.count()).where(is_active, job.c.run_at <= due_by)
    async with database.read() as connection:
        return await connection.scalar(query) or 0


@pytest.mark.slow
async def test_140_a_job_is_cancelled_or_moved_or_published_never_two_of_these(
    database: Database,
) -> None:
    timetable = Timetable(database)
    published: list[str] = []
    dice = random.Random(140)

    def handler(context: JobsContext) -> Any:
        once = Once(context)

        async def work(claim: Claim) -> Outcome:
            await asyncio.sleep(dice.random() / 100)
            await once.perform(claim, Publish(claim.row.id, published))
            return Done(State.SUCCEEDED)

        return work

    async def race(job_id: str, *, move: bool) -> bool:
        await asyncio.sleep(dice.random() * 6)
        try:
            if move:
                await timetable.rescheduling.move(job_id, None, MONDAY + DAY)
            else:
                await timetable.jobs.cancel(job_id, None)
        except GatewayError as exc:
            if exc.code not in ("job_running", "job_begun", "job_ended"):
                raise
            return False
        return True

    ids = [f"job_{n:03}" for n in range(JOBS)]
    for job_id in ids:
        await timetable.add_job(job_id, action="publish")
    timetable.now = MONDAY
    async with engine_of(timetable, handler, per_account=8):
        won = await asyncio.gather(*(race(each, move=n % 2 == 0) for n, each in enumerate(ids)))
        async with asyncio.timeout(120):
            while await unfinished(database, timetable.now):
                await asyncio.sleep(0.05)
    state = {row.id: row.state for row in await timetable.made()}
    for n, (job_id, stopped) in enumerate(zip(ids, won, strict=True)):
        expected = ("scheduled", "cancelled")[n % 2] if stopped else "succeeded"
        assert (state[job_id], published.count(job_id)) == (expected, 0 if stopped else 1)
    assert 0 < sum(won) < JOBS, "there was no race"


@pytest.mark.slow
async def test_140_a_schedule_is_changed_or_comes_due_never_both(database: Database) -> None:
    timetable = Timetable(database)
    dice = random.Random(140)
    made = [await timetable.add(MONDAY) for _ in range(SCHEDULES)]
    timetable.now = MONDAY

    async def change(n: int) -> bool:
        await asyncio.sleep(dice.random() / 2)
        seen, schedules = made[n], timetable.schedules
        try:
            if n % 3 == 0:
                await schedules.pause(seen)
            elif n % 3 == 1:
                await schedules.change(seen, ScheduleChanges(at=MONDAY + DAY))
            else:
                await schedules.remove(seen, asked_for=False)
        except GatewayError as exc:
            if exc.code != "schedule_changed":
                raise
            return False
        return True

    async def fire() -> None:
        for _ in range(20):
            await timetable.scheduler.fire_due()
            await asyncio.sleep(0.02)

    changes = [change(n) for n in range(SCHEDULES)]
    results = await asyncio.gather(fire(), *changes)
    await timetable.scheduler.fire_due()
    fired = {row.schedule_id for row in await timetable.made()}
    for schedule_, changed in zip(made, results[1:], strict=True):
        assert (schedule_.id in fired) is not changed
    assert 0 < len(fired) < SCHEDULES, "there was no race"


def at(seconds: float) -> str:
    return datetime.fromtimestamp(NOW + seconds, UTC).isoformat()


TAKEN = (at(3600), at(-290))  # up to five minutes ago means now
REFUSED = (
    at(-310),
    at(3600)[:-6],  # no zone
    str(int(NOW) + 3600),
    str(int(NOW) * 1000),
    "9999-12-31T23:59:59+08:00",
    "2027-01-01T24:00:00+08:00",
    "2027-06-30T23:59:60+00:00",  # a leap second
    "2027-02-29T08:00:00+08:00",
    "2027-01-01 08:00:00+08:00",
    "2027-01-01T08:00+08:00",
    "2027-01-01T08:00:00+99:00",
    "tomorrow",
    "",
)


@pytest.mark.parametrize("where", ["articles", "schedules"])
async def test_141_a_time_is_rfc_3339_with_its_offset_and_soon(
    database: Database, where: str
) -> None:
    article = {"markdown": "正文"}
    body = article if where == "articles" else {"article": article}
    path = f"/v1/accounts/main/{where}"
    async with open_desk(database) as desk:
        for said in TAKEN:
            response = await desk.call("POST", path, json={**body, "publish_at": said})
            assert response.status_code in (201, 202), said
        for said in REFUSED:
            response = await desk.call("POST", path, json={**body, "publish_at": said})
            assert response.status_code == 422, said
            assert response.json()["error"]["code"] == "publish_at_invalid"


async def test_142_overdue_jobs_begin_in_their_order_and_at_a_pace(database: Database) -> None:
    """500 jobs of 5 accounts after two hours of downtime: some of schedules, some too late."""
    timetable = Timetable(database)
    begun: list[tuple[float, str, float]] = []

    def handler(_context: JobsContext) -> Any:
        async def work(claim: Claim) -> Outcome:
            begun.append((timetable.now, claim.row.account, claim.row.due_at or 0))
            return Done(State.SUCCEEDED)

        return work

    accounts = [f"a{n}" for n in range(5)]
    for n in range(480):
        skip = {"skip_after": MONDAY + n + 60} if n < 50 else {}
        await timetable.add_job(
            f"job_{n}", account=accounts[n % 5], run_at=MONDAY + n, due_at=MONDAY + n, **skip
        )
    for n in range(20):
        late = LatePolicy("skip", HOUR) if n % 2 else LatePolicy()
        await timetable.add(MONDAY + 500 + n, account=accounts[n % 5], late=late)
    started = timetable.now = MONDAY + 2 * HOUR
    engine = engine_of(timetable, handler, catch_up_per_minute=60, per_account=8)
    async with timetable.scheduler, engine, asyncio.timeout(180):
        while await unfinished(database, started + DAY):
            # The clock waits for the machine: what begins late begins together.
            timetable.now += 0 if await unfinished(database, timetable.now) else 1
            await asyncio.sleep(0.01)
    states = [(row.state, (row.error or {}).get("code")) for row in await timetable.made()]
    assert states.count(("failed", "publish_too_late")) == 60
    assert len(begun) == 440
    assert begun[0][0] - started < 60
    by_account = defaultdict(list)
    for when, account, due_at in begun:
        by_account[account].append((when, due_at))
    for times in by_account.values():
        assert [due for _, due in times] == sorted(due for _, due in times)
        # In no minute more than a minute's worth, but for the step of this clock.
        for first, last in zip(times, times[64:], strict=False):
            assert last[0] - first[0] >= 60
        assert all(later[0] >= earlier[0] for earlier, later in pairwise(times))


async def test_143_a_clock_that_goes_back_after_a_publication_repeats_nothing(rig: Rig) -> None:
    row = await rig.until((await rig.submit(publish_at=rig.time() + 0.3)).id)
    assert row.state == State.SUCCEEDED
    rig.ahead(-600)
    await asyncio.sleep(0.5)
    rig.ahead(601)
    await asyncio.sleep(0.5)
    assert (await rig.get(row.id)).version == row.version
    assert rig.committed("publication") == 1


async def test_143_nor_one_that_goes_back_while_wechat_publishes(rig: Rig) -> None:
    row = await rig.submit()
    await rig.until(row.id, State.RUNNING)
    async with asyncio.timeout(20):
        while not rig.committed("publication"):
            await asyncio.sleep(0.01)
    rig.time.ahead_s -= 600
    await asyncio.sleep(0.5)
    rig.time.ahead_s += 600
    assert (await rig.until(row.id)).state == State.SUCCEEDED
    assert rig.committed("publication") == 1


@pytest.fixture
async def rig(database: Database, sandbox: RunningSandbox, tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_rig(database, sandbox, tmp_path) as opened:
        yield opened


async def planned(rig: Rig, if_changed: Any, *, due_in_s: float = HOUR) -> tuple[str, str]:
    """A draft, and the job of its schedule for later."""
    made = await rig.until((await rig.submit(action="draft")).id)
    media_id = made.checkpoint["media_id"]
    expected = await DraftSight(DraftClient(rig.gateway.calls)).see("main", media_id)
    row = await rig.jobs.submit(
        DraftPublication(
            client_id="blog",
            account="main",
            media_id=media_id,
            expected=expected,
            if_changed=if_changed,
            publish_at=rig.time() + due_in_s,
        )
    )
    await rig.until(row.id, State.SCHEDULED)
    return media_id, row.id


@pytest.mark.parametrize(
    ("if_changed", "end"), [("fail", ("failed", "draft_changed")), ("publish", ("succeeded", None))]
)
async def test_151_a_draft_that_was_edited_meanwhile_is_published_only_if_that_was_said(
    rig: Rig, if_changed: str, end: tuple[str, str | None]
) -> None:
    media_id, job_id = await planned(rig, if_changed)
    drafts = DraftClient(rig.gateway.calls)
    (news,) = await drafts.get("main", media_id)
    await edit(rig, media_id, {**news, "content": "<p>改过的正文</p>"})
    rig.ahead(HOUR)
    row = await rig.until(job_id)
    assert (row.state, (row.error or {}).get("code")) == end
    assert rig.committed("publication") == (1 if end[1] is None else 0)


async def test_151_a_draft_that_was_deleted_meanwhile_is_gone(rig: Rig) -> None:
    media_id, job_id = await planned(rig, "fail")
    await DraftClient(rig.gateway.calls).delete("main", media_id)
    rig.ahead(HOUR)
    row = await rig.until(job_id)
    assert row.error is not None
    assert (row.state, row.error["code"]) == (State.FAILED, "draft_gone")


async def edit(rig: Rig, media_id: str, news: Mapping[str, Any]) -> None:
    """What somebody does on mp.weixin.qq.com."""
    kept = {name: news[name] for name in ("title", "content", "thumb_media_id", "digest")}
    await rig.gateway.calls.post(
        "main", "/cgi-bin/draft/update", {"media_id": media_id, "index": 0, "articles": kept}
    )


TABLES = (job, intent, schedule, revision)


async def backed_up(database: Database) -> dict[str, list[dict[str, Any]]]:
    async with database.read() as connection:
        return {
            table.name: [dict(row._mapping) for row in await connection.execute(select(table))]
            for table in TABLES
        }


async def restore(database: Database, backup: dict[str, list[dict[str, Any]]]) -> None:
    async with database.write() as connection:
        for table in reversed(TABLES):
            await connection.execute(delete(table))
        for table in TABLES:
            if backup[table.name]:
                await connection.execute(table.insert(), backup[table.name])


async def until_over(stand: Stand, job_id: str) -> dict[str, Any]:
    async with asyncio.timeout(40):
        while True:
            seen: dict[str, Any] = (await stand.http.get(f"/v1/jobs/{job_id}")).json()
            if State(seen["state"]).is_final:
                return seen
            await asyncio.sleep(0.05)


async def test_153_after_a_restore_of_yesterdays_database_nothing_is_published_again(
    open_stand: Opens, database_url: str, tmp_path: Path
) -> None:
    settings = DatabaseSettings(url=SecretStr(database_url))
    change = {"database": {"url": database_url}}
    async with open_database(settings, tmp_path / "data") as database:
        await migrate(database)
        async with open_stand(change) as stand:
            article = {"markdown": "# 一次\n\n正文", "action": "publish", "repeat": True}
            soon = datetime.fromtimestamp(datetime.now(UTC).timestamp() + 1, UTC).isoformat()
            path = "/v1/accounts/main/articles"
            job_ = (await stand.http.post(path, json={**article, "publish_at": soon})).json()
            later = await stand.http.post(path, json={**article, "publish_at": at(3600)})
            backup = await backed_up(database)
            assert (await until_over(stand, job_["id"]))["state"] == "succeeded"
            assert len(stand.committed("publication")) == 1
        await restore(database, backup)
        async with open_stand(change) as stand:
            seen = await until_over(stand, job_["id"])
            assert (seen["state"], seen["error"]["code"]) == ("needs_review", "history_lost")
            assert "lost_until" in seen["error"]["details"]
            assert stand.committed("draft") == []
            waits = (await stand.http.get(f"/v1/jobs/{later.json()['id']}")).json()
            assert waits["state"] == "scheduled"
        async with open_stand(change) as stand:  # and what is left to a person stays so
            assert (await until_over(stand, job_["id"]))["state"] == "needs_review"
            assert stand.committed("draft") == []
