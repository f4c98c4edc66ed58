import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from content.blame import blame, blame_within, first_of_group
from content.refusals import TitleMissing
from core.errors import GatewayError


@pytest.mark.parametrize(
    ("named", "path", "field"),
    [
        ("title", "articles[1].", "articles[1].title"),
        (None, "articles[1].", "articles[1]"),
        ("title", "", "title"),
        (None, "", None),
    ],
)
def test_a_path_goes_before_the_field_of_an_error(
    named: str | None, path: str, field: str | None
) -> None:
    with pytest.raises(TitleMissing) as caught, blame_within(path):
        raise TitleMissing(field=named)
    assert caught.value.field == field


def test_a_field_that_an_error_names_itself_stays() -> None:
    for named, field in ((None, "cover"), ("title", "title")):
        with pytest.raises(TitleMissing) as caught, blame("cover"):
            raise TitleMissing(field=named)
        assert caught.value.field == field


async def test_of_a_group_the_gateways_own_error_is_raised_alone() -> None:
    async def fails(error: Exception) -> None:
        raise error

    with pytest.raises(GatewayError), first_of_group():
        async with asyncio.TaskGroup() as group:
            group.create_task(fails(TitleMissing()))
    with pytest.raises(ExceptionGroup), first_of_group():
        async with asyncio.TaskGroup() as group:
            group.create_task(fails(ValueError()))
            group.create_task(fails(KeyError()))


async def test_a_caller_learns_what_all_of_a_group_raised_as_if_there_were_no_group() -> None:
    class LeaseLost(Exception):
        pass

    async def fails() -> None:
        raise LeaseLost

    with pytest.raises(LeaseLost), first_of_group():
        async with asyncio.TaskGroup() as outer:
            outer.create_task(in_a_group(fails))
            outer.create_task(fails())


async def in_a_group(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with first_of_group():
        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            group.create_task(work())
