import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence

import pytest

from cache.grants import Answer, Ask, GrantsAway, at_once
from cache.reserves import Reserves, Taken
from cache.windows import Rule
from core.tasks import TaskSet
from tests.cache.conftest import Time
from tests.cache.grants import OwnGrants
from tests.cache.windows import rules

MINUTE = rules("500/minute")  # ten at once, kept for 1.2 s
TEN = rules("10/minute")


@pytest.fixture
async def tasks() -> AsyncIterator[TaskSet]:
    made = TaskSet()
    yield made
    await made.aclose()


@pytest.fixture
def reserves(grants: OwnGrants, tasks: TaskSet, time: Time) -> Reserves:
    return Reserves(grants, tasks=tasks, steady=time)


async def strictly(reserves: Reserves, *calls: Sequence[Rule]) -> list[Taken]:
    return [await reserves.take(each, strict=each) for each in calls]


async def test_one_question_does_for_several_calls(reserves: Reserves, grants: OwnGrants) -> None:
    for used in range(1, 11):
        taken = await reserves.take(MINUTE)
        assert taken.standings[0].used == used
    assert len(grants.asked) == 1
    await reserves.take(MINUTE)
    assert len(grants.asked) == 2


async def test_all_who_wait_are_asked_for_together(reserves: Reserves, grants: OwnGrants) -> None:
    taken = await asyncio.gather(*(reserves.take(TEN, strict=TEN) for _ in range(25)))
    assert sum(one.wait_s == 0 for one in taken) == 10
    assert [ask.amount for asks in grants.asked for ask in asks] == [25, 15]


async def test_a_refusal_is_believed_for_a_second(
    reserves: Reserves, grants: OwnGrants, time: Time
) -> None:
    await strictly(reserves, *[TEN] * 10)
    asked = len(grants.asked)
    waits = [one.wait_s for one in await strictly(reserves, *[TEN] * 5)]
    assert all(60 < wait_s <= 63 for wait_s in waits)
    assert len(grants.asked) == asked + 1
    time.now += 1
    assert (await strictly(reserves, TEN))[0].wait_s == waits[0] - 1
    time.now += waits[0]
    assert (await strictly(reserves, TEN))[0].wait_s == 0


async def test_what_was_kept_too_long_is_given_back(
    reserves: Reserves, grants: OwnGrants, time: Time
) -> None:
    await reserves.take(MINUTE)
    time.now += 1.2
    await reserves.tell()
    assert grants.granted(MINUTE[0]) == 1
    await reserves.tell()
    assert len(grants.asked) == 2  # nothing is left to tell


async def test_what_was_granted_while_redis_counts_does_not_do_without_it(
    reserves: Reserves, grants: OwnGrants
) -> None:
    await reserves.take(MINUTE)
    await strictly(reserves, MINUTE)
    assert grants.granted(MINUTE[0]) == 2  # no more than were asked for


async def test_of_the_rules_of_a_call_one_may_be_strict(
    reserves: Reserves, grants: OwnGrants
) -> None:
    two = [*MINUTE, *TEN]
    for _ in range(12):
        taken = await reserves.take(two, strict=TEN)
    assert [standing.rule for standing in taken.standings] == TEN
    assert taken.wait_s
    assert {ask.rule: ask.strict for asks in grants.asked for ask in asks} == {
        MINUTE[0]: False,
        TEN[0]: True,
    }


async def test_what_is_given_back_serves_the_next_call(
    reserves: Reserves, grants: OwnGrants
) -> None:
    for _ in range(30):
        reserves.give_back(await reserves.take(TEN))
    assert len(grants.asked) == 1


async def test_what_is_given_back_too_late_for_that_is_told(
    reserves: Reserves, grants: OwnGrants
) -> None:
    """Calls under way when their reserve was followed by another."""
    taken = [await reserves.take(MINUTE) for _ in range(25)]
    assert at_once(MINUTE[0].rate) == 10
    for one in taken:
        reserves.give_back(one)
    await reserves.close()
    assert grants.granted(MINUTE[0]) == 0


async def test_nothing_is_left_over_at_the_end(reserves: Reserves, grants: OwnGrants) -> None:
    await reserves.take(MINUTE)
    many = [rule for n in range(250) for rule in rules("10/minute", name=f"{n}")]
    reserves.owe(many)
    await reserves.close()
    assert [grants.granted(rule) for rule in [*MINUTE, *many]] == [1] * 251


async def test_a_call_is_taken_by_all_rules_or_by_none(
    reserves: Reserves, grants: OwnGrants
) -> None:
    five, nine = rules("5/minute", name="a"), rules("9/minute", name="b")
    taken = await strictly(reserves, *[[*five, *nine]] * 7)
    assert [one.wait_s == 0 for one in taken] == [True] * 5 + [False] * 2
    assert [standing.rule for standing in taken[-1].standings] == five
    alone = await strictly(reserves, *[nine] * 5)
    assert sum(one.wait_s == 0 for one in alone) == 4


async def test_a_rule_that_is_named_twice_takes_one_call(
    reserves: Reserves, grants: OwnGrants
) -> None:
    taken = await strictly(reserves, *[[*TEN, *TEN]] * 30)
    assert sum(one.wait_s == 0 for one in taken) == 10
    assert grants.granted(TEN[0]) == 10


async def test_what_was_let_through_meanwhile_counts_later(
    reserves: Reserves, grants: OwnGrants
) -> None:
    grants.away = True
    for _ in range(4):
        with pytest.raises(GrantsAway):
            await reserves.take(TEN)
        reserves.owe(TEN)
    await reserves.tell()
    grants.away = False
    await reserves.tell()
    assert grants.granted(TEN[0]) == 4


class Late(OwnGrants):
    """Its answers come too late for a rule whose calls are not kept for long."""

    def __init__(self, time: Time) -> None:
        super().__init__(time)
        self._time = time

    async def grant(self, asks: Sequence[Ask]) -> Mapping[str, Answer]:
        answers = await super().grant(asks)
        self._time.now += 0.8
        return answers


async def test_a_grant_that_comes_too_late_is_none_and_a_refusal_never_does(
    tasks: TaskSet, time: Time
) -> None:
    grants = Late(time)
    reserves = Reserves(grants, tasks=tasks, steady=time)
    await strictly(reserves, *[TEN] * 10)
    quick = rules("90/second")
    with pytest.raises(GrantsAway):
        await strictly(reserves, quick)
    both = await asyncio.gather(
        reserves.take(quick, strict=quick), reserves.take(TEN, strict=TEN), return_exceptions=True
    )
    assert isinstance(both[0], GrantsAway)
    assert isinstance(both[1], Taken)
    assert both[1].wait_s


class Slow(OwnGrants):
    """Takes some turns of the loop to answer."""

    async def grant(self, asks: Sequence[Ask]) -> Mapping[str, Answer]:
        for _ in range(5):
            await asyncio.sleep(0)
        return await super().grant(asks)


async def test_who_comes_while_one_is_answered_is_asked_for_next(
    tasks: TaskSet, time: Time
) -> None:
    """However many come and go, each waits for two questions at most."""
    grants = Slow(time)
    reserves = Reserves(grants, tasks=tasks, steady=time)
    many = [rules("1000/minute", name=f"{n}") for n in range(20)]
    reserves.owe(TEN)
    async with asyncio.TaskGroup() as group:
        calls = []
        for turn in range(300):
            each = many[turn % 20] + many[(turn * 7) % 20]
            calls.append(group.create_task(reserves.take(each, strict=each)))
            if turn == 50:
                group.create_task(reserves.tell())
            await asyncio.sleep(0)
    assert {call.result().wait_s for call in calls} == {0.0}
    assert grants.granted(TEN[0]) == 1
    assert len(grants.asked) < 100


async def test_while_nobody_answers_those_who_have_redis_do_not_wait_for_the_one_who_tries(
    tasks: TaskSet, time: Time
) -> None:
    grants = Slow(time)
    grants.away = True
    reserves = Reserves(grants, tasks=tasks, steady=time)
    with pytest.raises(GrantsAway):
        await reserves.take(TEN)
    trying = asyncio.ensure_future(reserves.take(TEN))
    for _ in range(3):
        await asyncio.sleep(0)
    with pytest.raises(GrantsAway):
        await reserves.take(MINUTE)
    assert not trying.done()
    grants.away = False
    assert (await trying).wait_s == 0
    assert (await reserves.take(MINUTE)).wait_s == 0


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("hang_up", [False, True])
async def test_what_is_granted_in_the_end_is_what_was_used(
    tasks: TaskSet, time: Time, seed: int, *, hang_up: bool
) -> None:
    """Whoever takes, gives back and hangs up; and no rule that is strict is ever exceeded."""
    chance, grants = random.Random(seed), Slow(time)
    gateways = [Reserves(grants, tasks=tasks, steady=time) for _ in range(2)]
    each = [*TEN, *rules("30/minute", name="b"), *rules("500/minute", name="c")]
    used = Counter[Rule]()

    async def call(reserves: Reserves) -> None:
        some = chance.sample(each, chance.randint(1, 3))
        taken = await reserves.take(some, strict=[rule for rule in some if rule in TEN])
        if chance.random() < 0.3:
            await asyncio.sleep(0)
            reserves.give_back(taken)
        elif not taken.wait_s:
            used.update(some)

    calls = []
    for _ in range(400):
        calls.append(asyncio.ensure_future(call(chance.choice(gateways))))
        if hang_up and chance.random() < 0.1:
            chance.choice(calls).cancel()
        for _ in range(chance.randint(0, 3)):
            await asyncio.sleep(0)
        time.now += chance.choice([0, 0.01, 0.2])
    await asyncio.gather(*calls, return_exceptions=True)
    for reserves in gateways:
        await reserves.close()
    assert used[TEN[0]] <= 10
    for rule in each:
        granted = grants.granted(rule)
        assert used[rule] <= granted if hang_up else used[rule] == granted


async def test_one_who_hangs_up_takes_no_answer_from_the_others(
    reserves: Reserves, grants: OwnGrants
) -> None:
    async with asyncio.TaskGroup() as group:
        first, second = (group.create_task(reserves.take(TEN, strict=TEN)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
    assert second.result().wait_s == 0
    assert len(grants.asked) == 1


async def test_a_rule_that_was_cleared_begins_anew(reserves: Reserves, grants: OwnGrants) -> None:
    await strictly(reserves, *[TEN] * 11)
    await reserves.clear(TEN)
    assert (await strictly(reserves, TEN))[0].standings[0].used == 1
    grants.away = True
    await reserves.clear(TEN)  # as far as anybody answers
    await reserves.clear([])


async def test_the_longest_unused_go_when_there_are_too_many(
    grants: OwnGrants, tasks: TaskSet, time: Time
) -> None:
    reserves = Reserves(grants, tasks=tasks, steady=time, max_keys=2)
    for name in "abca":
        await reserves.take(rules("500/minute", name=name))
    assert len(grants.asked) == 4
