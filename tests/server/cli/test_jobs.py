import json
from pathlib import Path
from typing import Any

from tests.e2e.conftest import KEY
from tests.server.cli.commands import wxgate_process


async def test_jobs_are_listed_shown_watched_and_steered(open_stand: Any, tmp_path: Path) -> None:
    async with open_stand() as stand:
        at_gate = ("--server", stand.url, "--key", KEY)
        done = await stand.article({"markdown": "# 第一期周报\n\n正文", "tags": ["周报"]})
        later = {"markdown": "# 第二期\n\n正文", "publish_at": "2026-12-31T08:00:00+08:00"}
        posted = await stand.http.post("/v1/accounts/main/articles", json=later)
        waits = posted.json()["id"]
        listed = await wxgate_process("jobs", "list", *at_gate)
        assert listed.exit_code == 0, listed.output
        head, first, second = listed.stdout.splitlines()
        assert head.split()[:3] == ["id", "state", "kind"]
        assert first.split()[:2] == [waits, "scheduled"]
        assert "第一期周报" in second
        found = await wxgate_process("jobs", "list", "-q", "周报", "--json", *at_gate)
        assert [job["id"] for job in json.loads(found.stdout)] == [done["id"]]
        tagged = await wxgate_process("jobs", "list", "--tag", "周报", "-n", "1", *at_gate)
        assert done["id"] in tagged.stdout
        shown = await wxgate_process("jobs", "show", done["id"], *at_gate)
        assert f"media_id: {done['result']['media_id']}" in shown.stdout
        assert "tags: 周报" in shown.stdout
        watched = await wxgate_process("jobs", "watch", done["id"], *at_gate)
        assert (watched.exit_code, watched.stdout.splitlines()[0][:9]) == (0, "succeeded")
        steered = await wxgate_process("jobs", "cancel", waits, done["id"], *at_gate)
        assert steered.exit_code == 1
        assert steered.stdout == f"{waits} cancelled\n"
        assert done["id"] in steered.output
        watched = await wxgate_process("jobs", "watch", waits, *at_gate)
        assert watched.exit_code == 1
        file = tmp_path / "a.html"
        seen = await wxgate_process("jobs", "preview", done["id"], "-o", str(file), *at_gate)
        assert (seen.exit_code, "title: 第一期周报" in seen.stdout) == (0, True), seen.output
        assert "正文" in file.read_text("utf-8")
        said = await wxgate_process("jobs", "resolve", done["id"], *at_gate)
        assert said.exit_code == 2
        said = await wxgate_process("jobs", "resolve", done["id"], "--published", *at_gate)
        assert (said.exit_code, "succeeded" in said.output) == (1, True)
