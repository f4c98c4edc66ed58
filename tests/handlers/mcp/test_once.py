from dataclasses import replace

from handlers.mcp.once import submit_once
from jobs.draft_publication import DraftPublication
from store.engine import Database
from tests.handlers.desk import open_desk

ASKED = DraftPublication(
    client_id="blog", account="main", media_id="MEDIA_id-1", route="MCP publish"
)


async def _fine() -> None:
    """Nothing is wrong."""


async def test_calls_of_one_content_are_one_until_it_comes_to_nothing(store: Database) -> None:
    async with open_desk(store) as desk:
        jobs = desk.jobs
        first = await submit_once(jobs, ASKED, _fine)
        assert (await submit_once(jobs, ASKED, _fine)).id == first.id
        other = await submit_once(jobs, replace(ASKED, media_id="MEDIA_id-2"), _fine)
        assert other.id != first.id
        await jobs.cancel(first.id, None)
        second = await submit_once(jobs, ASKED, _fine)
        assert second.id != first.id
        # Counted from the one that failed: the third call finds the second, and makes none.
        assert (await submit_once(jobs, ASKED, _fine)).id == second.id
