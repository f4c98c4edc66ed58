import asyncio
from pathlib import Path

from content.fields import DraftFields
from jobs.submission import Submission
from server.app import open_gateway
from server.settings import Settings


async def test_work_ends_with_the_gateway_and_its_jobs_go_on_with_the_next(tmp_path: Path) -> None:
    upstream = {"base_urls": ["http://127.0.0.1:1"]}  # nobody there: the job has to wait
    settings = Settings(
        server={"data_dir": str(tmp_path / "data")},
        upstream=upstream,
        accounts=[{"name": "main", "app_id": "wx" + "0" * 16, "app_secret": "s" * 32}],
        clients=[
            {"id": "blog", "key": "wxg_blog_" + "k" * 26, "accounts": ["main"], "scopes": ["stats"]}
        ],
    )
    asked = Submission(client_id="blog", account="main", fields=DraftFields(markdown="# 题"))
    async with open_gateway(settings) as gateway:
        row = await gateway.jobs.submit(asked)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    async with open_gateway(settings) as gateway:
        seen = await gateway.jobs.wait(row, 20)
    assert seen.state == "needs_review"  # the client may not make drafts
    assert seen.error is not None
