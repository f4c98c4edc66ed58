"""Grants on a real PostgreSQL: of several processes, and where it says nothing."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from cache.grants import Answer, Ask, GrantsAway
from cache.windows import Rule
from core.tasks import TaskSet
from proxy.database_grants import DatabaseGrants
from store.engine import Database, DatabaseSettings, open_database
from store.migrate import migrate
from tests.cache.windows import rules
from tests.e2e.own_postgres import own_postgres

TEN = rules("10/minute")[0]
NINE = rules("9/minute")[0]


def opened(database: Database) -> DatabaseGrants:
    return DatabaseGrants(database, tasks=TaskSet())


async def strictly(grants: DatabaseGrants, rule: Rule, amount: int) -> Answer:
    return (await grants.grant([Ask(rule, amount, strict=True)]))[rule.key]


async def test_processes_share_what_is_granted(postgres: Database) -> None:
    first, second = opened(postgres), opened(postgres)
    answer = await strictly(first, TEN, 4)
    assert (answer.amount, answer.used, answer.strict) == (4, 4, True)
    answers = await second.grant([Ask(NINE, 1), Ask(TEN, 30)])
    assert [(answers[rule.key].amount, answers[rule.key].used) for rule in (TEN, NINE)] == [
        (6, 10),
        (1, 1),
    ]
    answer = await strictly(first, TEN, 1)
    assert answer.amount == 0
    assert 50 < answer.wait_s <= 63


async def test_no_more_is_granted_than_the_rate_however_many_ask_at_once(
    postgres: Database,
) -> None:
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(_patient(opened(postgres))) for _ in range(30)]
    assert sum(task.result() for task in asked) == 10


async def _patient(grants: DatabaseGrants) -> int:
    while True:
        try:
            return (await strictly(grants, TEN, 1)).amount
        except GrantsAway:  # a busy machine
            await asyncio.sleep(0.1)


async def test_a_rule_begins_anew_when_it_is_cleared(postgres: Database) -> None:
    grants = opened(postgres)
    await strictly(grants, TEN, 10)
    await grants.clear([TEN])
    assert (await strictly(grants, TEN, 1)).used == 1


async def test_nobody_waits_long_for_a_database_that_says_nothing(tmp_path: Path) -> None:
    with own_postgres() as server:
        settings = DatabaseSettings(url=SecretStr(server.url))
        async with open_database(settings, tmp_path) as database:
            await migrate(database)
            grants = opened(database)
            await _patient(grants)
            with server.frozen():
                async with asyncio.timeout(60):
                    for _ in range(1_000):
                        with pytest.raises(GrantsAway):
                            await grants.grant([Ask(TEN, 1)])
