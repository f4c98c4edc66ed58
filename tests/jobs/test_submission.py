import pytest

from content.fields import DraftFields
from jobs.changes import Changes
from jobs.intake import QueueFull
from jobs.service import Jobs
from jobs.settings import JobsSettings
from jobs.submission import Submission
from store.engine import Database
from tests.jobs.journals import journal_of


def article(markdown: str, key: str | None = None) -> Submission:
    fields = DraftFields(markdown=markdown)
    return Submission(client_id="blog", account="main", fields=fields, idempotency_key=key)


async def test_a_full_queue_takes_nothing_in_and_keeps_what_it_has(database: Database) -> None:
    settings = JobsSettings(max_waiting=3)
    jobs = Jobs(
        *(database, settings, Changes(), lambda: None, journal_of(database)), clock=lambda: 1_000.0
    )
    kept = [await jobs.submit(article(f"# {n}", key=f"k{n}")) for n in range(3)]
    with pytest.raises(QueueFull) as full:
        await jobs.submit(article("# 4"))
    assert (full.value.status, full.value.retry_after_s) == (503, 30)
    # Who asks for what was taken in is told of it, full or not.
    assert (await jobs.submit(article("# 0", key="k0"))).id == kept[0].id
    for row in kept:
        assert (await jobs.get(row.id, "blog")).state == "accepted"
    await jobs.cancel(kept[0].id, "blog")
    await jobs.submit(article("# 4"))


def test_what_means_the_same_has_one_hash() -> None:
    assert article("# a").body_hash() == article("# a", key="k").body_hash()
    assert article("# a").body_hash() != article("# b").body_hash()
