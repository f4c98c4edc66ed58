import asyncio
from collections.abc import AsyncIterator

import pytest

from cache.grants import GrantsAway, at_once
from cache.reserves import Reserves
from core.tasks import TaskSet
from tests.cache.conftest import Time
from tests.cache.grants import OwnGrants
from tests.cache.windows import rules

HOURLY = rules("500/hour")  # ten at once, kept for 72 s
TEN = rules("10/minute")


@pytest.fixture
def grants(time: Time) -> OwnGrants:
    return OwnGrants(time)


@pytest.fixture
async def tasks() -> AsyncIterator[TaskSet]:
    made = TaskSet()
    yield made
    await made.aclose()


@pytest.fixture
def reserves(grants: OwnGrants, tasks: TaskSet, time: Time) -> Reserves:
    return Reserves(grants, tasks=tasks, monotonic=time)


async def test_one_question_does_for_several_calls(reserves: Reserves, grants: OwnGrants) -> None:
    for used in range(1, 11):
        taken = await reserves.take(HOURLY)
        assert taken.standings[0].used == used
    assert len(grants.asked) == 1
    await reserves.take(HOURLY)
    assert len(grants.asked) == 2


async def test_all_who_wait_are_asked_for_together(reserves: Reserves, grants: OwnGrants) -> None:
    taken = await asyncio.gather(*(reserves.take(TEN, apart=True) for _ in range(25)))
    assert sum(one.wait_s == 0 for one in taken) == 10
    assert [ask.amount for asks in grants.asked for ask in asks] == [25, 15]


async def test_a_refusal_is_believed_for_a_while(
    reserves: Reserves, grants: OwnGrants, time: Time
) -> None:
    for _ in range(10):
        await reserves.take(TEN, apart=True)
    asked = len(grants.asked)
    waits = [(await reserves.take(TEN, apart=True)).wait_s for _ in range(5)]
    assert all(60 < wait_s <= 63 for wait_s in waits)
    assert len(grants.asked) == asked + 1
    time.now += waits[0]
    assert (await reserves.take(TEN, apart=True)).wait_s == 0


async def test_what_was_kept_too_long_is_given_back(
    reserves: Reserves, grants: OwnGrants, time: Time
) -> None:
    await reserves.take(HOURLY)
    time.now += 72
    await reserves.take(HOURLY)
    assert grants.asked[-1][0].unused[1] == 9
    assert sum(grants.granted[HOURLY[0].key].values()) == 1 + at_once(HOURLY[0].rate)


async def test_what_was_granted_while_redis_counts_does_not_do_without_it(
    reserves: Reserves, grants: OwnGrants
) -> None:
    await reserves.take(HOURLY)
    await reserves.take(HOURLY, apart=True)
    assert [asks[0].unused[1] for asks in grants.asked] == [0, 9]
    assert sum(grants.granted[HOURLY[0].key].values()) == 2  # no more than were asked for


async def test_of_the_rules_of_a_call_one_may_be_strict(
    reserves: Reserves, grants: OwnGrants
) -> None:
    two = [*HOURLY, *TEN]
    for _ in range(12):
        taken = await reserves.take(two, strict=TEN)
    assert taken.standings[0].rule == TEN[0]
    assert taken.wait_s
    assert {ask.rule.key: ask.strict for asks in grants.asked for ask in asks} == {
        HOURLY[0].key: False,
        TEN[0].key: True,
    }
    assert grants.apart_at < 0


async def test_what_is_given_back_serves_the_next_call(
    reserves: Reserves, grants: OwnGrants
) -> None:
    for _ in range(30):
        (await reserves.take(TEN)).give_back()
    assert len(grants.asked) == 1


async def test_a_call_is_taken_by_all_rules_or_by_none(
    reserves: Reserves, grants: OwnGrants
) -> None:
    two = [*rules("5/minute", name="a"), *rules("9/minute", name="b")]
    taken = [await reserves.take(two, apart=True) for _ in range(7)]
    assert [one.wait_s == 0 for one in taken] == [True] * 5 + [False] * 2
    assert [standing.rule for standing in taken[-1].standings] == two[:1]
    alone = [await reserves.take(two[1:], apart=True) for _ in range(5)]
    assert sum(one.wait_s == 0 for one in alone) == 4


async def test_what_was_let_through_meanwhile_counts_with_the_next_grant(
    reserves: Reserves, grants: OwnGrants
) -> None:
    grants.away = True
    for _ in range(4):
        with pytest.raises(GrantsAway):
            await reserves.take(TEN)
        reserves.owe(TEN)
    grants.away = False
    taken = [await reserves.take(TEN, apart=True) for _ in range(8)]
    assert sum(one.wait_s == 0 for one in taken) == 6


async def test_an_answer_that_comes_too_late_is_none(
    reserves: Reserves, grants: OwnGrants, time: Time
) -> None:
    grant = grants.grant

    async def late(*asks: object, **how: object) -> object:
        answer = await grant(*asks, **how)  # type: ignore[arg-type]
        time.now += 2
        return answer

    grants.grant = late  # type: ignore[method-assign, assignment]
    with pytest.raises(GrantsAway):
        await reserves.take(TEN, apart=True)


async def test_one_who_hangs_up_takes_no_answer_from_the_others(
    reserves: Reserves, grants: OwnGrants
) -> None:
    async with asyncio.TaskGroup() as group:
        first, second = (group.create_task(reserves.take(TEN, apart=True)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
    assert second.result().wait_s == 0
    assert len(grants.asked) == 1


async def test_a_rule_that_was_cleared_begins_anew(reserves: Reserves) -> None:
    for _ in range(11):
        await reserves.take(TEN, apart=True)
    await reserves.clear(TEN)
    assert (await reserves.take(TEN, apart=True)).standings[0].used == 1


async def test_the_longest_unused_go_when_there_are_too_many(
    grants: OwnGrants, tasks: TaskSet, time: Time
) -> None:
    reserves = Reserves(grants, tasks=tasks, monotonic=time, max_keys=2)
    for name in "abca":
        await reserves.take(rules("500/hour", name=name))
    assert len(grants.asked) == 4
