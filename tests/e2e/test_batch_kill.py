"""`kill -9` in the middle of a batch: after a restart it goes on at the items it was at."""

import asyncio
import json
import signal
from collections import Counter
from pathlib import Path
from typing import Any

from sandbox.server import run_sandbox
from sandbox.settings import SandboxSettings
from tests.e2e.conftest import KEY
from tests.e2e.folder import picture
from tests.e2e.processes import Served, serve
from tests.e2e.test_kill import written

ARTICLES, PICTURES = 12, 3
TITLES = [f"第 {n} 篇" for n in range(ARTICLES)]


async def _hand_in(served: Served) -> str:
    """Articles that all show the same pictures."""
    shown = "\n\n".join(f"![图](img/{n}.png)" for n in range(PICTURES))
    items = [
        {"name": f"{n}.md", "markdown": f"# {title}\n\n{shown}", "cover": "img/0.png"}
        for n, title in enumerate(TITLES)
    ]
    batch = json.dumps({"kind": "articles", "items": items, "concurrency": 3})
    parts: list[tuple[str, Any]] = [
        ("batch", (None, batch, "application/json")),
        *((f"img/{n}.png", (f"{n}.png", picture(n), "image/png")) for n in range(PICTURES)),
    ]
    response = await served.http.post("/v1/accounts/main/batches", files=parts)
    assert response.status_code == 202, response.text
    job_id: str = response.json()["id"]
    return job_id


async def _done(served: Served, job_id: str, at_least: int) -> int:
    """How many items are done, as soon as it is so many."""
    async with asyncio.timeout(30):
        while True:
            job = (await served.http.get(f"/v1/jobs/{job_id}")).json()
            if job["progress"]["done"] >= at_least:
                return int(job["progress"]["done"])
            await asyncio.sleep(0.02)


async def test_a_batch_that_was_killed_makes_each_draft_and_sends_each_picture_once(
    tmp_path: Path,
) -> None:
    async with run_sandbox(SandboxSettings(latency_s=0.1)) as sandbox:
        config, url = written(sandbox, tmp_path)
        async with serve(config, url, KEY) as served:
            job_id = await _hand_in(served)
            assert 4 <= await _done(served, job_id, 4) < ARTICLES
            served.process.kill()
            assert await served.gone() == -signal.SIGKILL
        async with serve(config, url, KEY) as served:
            ended = await served.ended(job_id)
        drafts = Counter(entry.data["titles"][0] for entry in sandbox.ledger.entries("draft"))
        pictures = len(sandbox.ledger.entries("image"))
    assert ended["state"] == "succeeded", ended
    assert ended["progress"] == {"done": ARTICLES, "total": ARTICLES, "failed": 0}
    assert drafts == Counter(TITLES)
    assert len({item["result"]["media_id"] for item in ended["items"]}) == ARTICLES
    assert pictures == PICTURES
