import asyncio

import pytest

from fetch.deadline import Deadline


async def test_it_ends_what_takes_longer() -> None:
    with pytest.raises(TimeoutError):
        async with Deadline(0.02) as deadline:
            assert 0 < deadline.left_s <= 0.02
            await asyncio.sleep(30)


async def test_it_stands_still_while_paused_and_goes_on_afterwards() -> None:
    with pytest.raises(TimeoutError):
        async with Deadline(0.05) as deadline:
            with deadline.paused():
                await asyncio.sleep(0.1)
            assert deadline.left_s > 0
            await asyncio.sleep(30)
