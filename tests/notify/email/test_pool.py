import asyncio
from collections import Counter
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import SHANGHAI
from notify.email.pool import NobodyCan, Pool, Turn
from notify.email.replies import Refusal
from notify.email.settings import EmailSettings
from store.engine import Database
from store.tables import happening, mail_account

NOON = datetime(2026, 11, 23, 12, tzinfo=SHANGHAI).timestamp()
FAILED = Refusal("account", final=False, reason="connect: refused")
SPENT = Refusal("spent", final=False, reason="550 5.4.5 quota")


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _settings(accounts: list[dict[str, Any]], **values: Any) -> EmailSettings:
    given = [
        {"host": "127.0.0.1", "address": f"{each['name']}@x.example", **each} for each in accounts
    ]
    return EmailSettings.model_validate(
        {"name": "mail", "type": "email", "accounts": given, **values}
    )


THREE: list[dict[str, Any]] = [{"name": "a", "weight": 3}, {"name": "b"}, {"name": "c"}]


async def _row(database: Database, name: str) -> Any:
    async with database.read() as connection:
        query = select(mail_account).where(mail_account.c.name == name)
        return (await connection.execute(query)).one()


async def _told(database: Database) -> list[tuple[str, bool]]:
    async with database.read() as connection:
        query = select(happening.c.key, happening.c.over).order_by(happening.c.created_at)
        return [(key, over) for key, over in await connection.execute(query)]


async def _sent(pool: Pool, turn: Turn) -> None:
    await pool.settle(turn, reached=turn.recipients, failed=None)


async def test_turns_go_by_weight_and_evenly(database: Database, clock: Clock) -> None:
    pool = Pool(_settings(THREE), database, clock)
    names = []
    for _ in range(20):
        turn = await pool.take(1)
        names.append(turn.account.name)
        await _sent(pool, turn)
    assert Counter(names) == {"a": 12, "b": 4, "c": 4}
    for start in range(0, 20, 5):
        assert Counter(names[start : start + 5]) == {"a": 3, "b": 1, "c": 1}


async def test_several_processes_share_the_turns(database: Database, clock: Clock) -> None:
    pools = [Pool(_settings(THREE), database, clock) for _ in range(3)]

    async def send(pool: Pool) -> list[str]:
        names = []
        for _ in range(10):
            turn = await pool.take(1)
            names.append(turn.account.name)
            await _sent(pool, turn)
        return names

    names = [name for each in await asyncio.gather(*map(send, pools)) for name in each]
    assert Counter(names) == {"a": 18, "b": 6, "c": 6}


async def test_who_was_away_is_not_made_to_catch_up(database: Database, clock: Clock) -> None:
    pool = Pool(_settings([{"name": "a"}, {"name": "b"}]), database, clock)
    for _ in range(50):
        assert (await pool.take(1, but={"b"})).account.name == "a"
    names = [(await pool.take(1)).account.name for _ in range(10)]
    assert Counter(names) == {"a": 5, "b": 5}


async def test_a_days_limit_counts_readers_and_ends_at_midnight_in_beijing(
    database: Database, clock: Clock
) -> None:
    pool = Pool(_settings([{"name": "a", "daily_limit": 5}]), database, clock)
    await pool.take(3)
    with pytest.raises(NobodyCan, match="limit") as caught:
        await pool.take(3)
    assert caught.value.wait_s == 12 * 3_600
    turn = await pool.take(2)
    await pool.settle(turn, reached=0, failed=None)  # certainly not sent
    again = await pool.take(2)
    clock.now += 12 * 3_600 - 1
    with pytest.raises(NobodyCan):
        await pool.take(1)
    clock.now += 1
    await pool.take(5)
    await pool.settle(again, reached=0, failed=None)  # yesterday's place is not given back today
    with pytest.raises(NobodyCan):
        await pool.take(1)


async def test_no_limit_is_passed_whoever_sends(database: Database, clock: Clock) -> None:
    settings = _settings([{"name": "a", "daily_limit": 7}, {"name": "b", "daily_limit": 4}])
    pools = [Pool(settings, database, clock) for _ in range(4)]

    async def send(pool: Pool) -> int:
        try:
            await pool.take(1)
        except NobodyCan:
            return 0
        return 1

    assert sum(await asyncio.gather(*(send(pool) for pool in pools * 5))) == 11


async def test_more_readers_than_anybody_may_have_is_never(
    database: Database, clock: Clock
) -> None:
    pool = Pool(_settings([{"name": "a", "daily_limit": 5}]), database, clock)
    with pytest.raises(NobodyCan) as caught:
        await pool.take(6)
    assert caught.value.wait_s is None


async def test_failures_in_a_row_disable_and_a_success_between_them_does_not(
    database: Database, clock: Clock
) -> None:
    pool = Pool(_settings(THREE, max_failures=2, probe_s=60), database, clock)
    both = {"b", "c"}
    await pool.settle(await pool.take(1, but=both), reached=0, failed=FAILED)
    await _sent(pool, await pool.take(1, but=both))
    await pool.settle(await pool.take(1, but=both), reached=0, failed=FAILED)
    assert await _told(database) == []
    await pool.settle(await pool.take(1, but=both), reached=0, failed=FAILED)
    assert await _told(database) == [("mail/a", False)]
    with pytest.raises(NobodyCan) as caught:
        await pool.take(1, but=both)
    assert caught.value.wait_s == 1.0  # of the others, who may be left out of one mail alone
    assert (await pool.take(1)).account.name in both
    row = await _row(database, "a")
    assert (row.failures, row.error, row.sent) == (2, FAILED.reason, 1)


async def test_a_disabled_account_is_tried_ever_less_often_by_one_process(
    database: Database, clock: Clock
) -> None:
    settings = _settings([{"name": "a"}], max_failures=1, probe_s=60)
    pool, other = Pool(settings, database, clock), Pool(settings, database, clock)
    await pool.settle(await pool.take(1), reached=0, failed=FAILED)
    assert await pool.due() == []
    pauses = []
    for _ in range(9):
        waited = (await _row(database, "a")).probe_at - clock.now
        pauses.append(waited)
        clock.now += waited
        found = [await pool.due(), await other.due()]
        assert sorted(map(len, found)) == [0, 1]
        await pool.still_down(settings.accounts[0], FAILED)
    assert pauses == [60, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    await pool.revive(settings.accounts[0])
    assert await _told(database) == [("mail/a", False), ("mail/a", True)]
    await pool.settle(await pool.take(1), reached=0, failed=FAILED)
    assert (await _row(database, "a")).disabled_at == clock.now


async def test_who_has_sent_enough_is_disabled_at_once(database: Database, clock: Clock) -> None:
    pool = Pool(_settings([{"name": "a"}]), database, clock)
    await pool.settle(await pool.take(1), reached=0, failed=SPENT)
    with pytest.raises(
        NobodyCan, match=f"no account can send now \\(a: {SPENT.reason}\\)"
    ) as caught:
        await pool.take(1)
    assert caught.value.wait_s == 300
    assert await pool.due() == []
    assert [each.name for each in await pool.due(whenever=True)] == ["a"]


async def test_an_account_that_is_taken_out_is_no_alert_any_more(
    database: Database, clock: Clock
) -> None:
    pool = Pool(_settings([{"name": "a"}, {"name": "b"}], max_failures=1), database, clock)
    await pool.settle(await pool.take(1, but={"b"}), reached=0, failed=FAILED)
    assert await _told(database) == [("mail/a", False)]
    clock.now += 1
    without = Pool(_settings([{"name": "b"}]), database, clock)
    assert await without.due() == []
    assert await without.due() == []
    assert await _told(database) == [("mail/a", False), ("mail/a", True)]
