import json
import re
from pathlib import Path

from tests.e2e.conftest import KEY, Stand, open_stand, stand
from tests.jobs.rig import PNG
from tests.server.cli.commands import wxgate_process

__all__ = ["open_stand", "stand"]


async def test_a_schedule_from_its_making_to_its_end(stand: Stand, tmp_path: Path) -> None:
    at_gate = ("--server", stand.url, "--key", KEY, "-a", "main")
    (tmp_path / "a.png").write_bytes(PNG)
    article = tmp_path / "daily.md"
    article.write_text("---\ntitle: 早报\n---\n\n正文\n\n![图](a.png)\n", "utf-8")
    made = await wxgate_process(
        *("schedules", "add", str(article), "--cron", "0 8 * * 1-5", "--name", "早报", "--json"),
        *("--if-late", "skip", "--max-late", "30m"),
        *at_gate,
    )
    assert made.exit_code == 0, made.output
    said = json.loads(made.stdout)
    schedule = said["id"]
    assert (said["if_late"], said["max_late_s"]) == ("skip", 1800)
    listed = await wxgate_process("schedules", "list", "--state", "active", *at_gate)
    assert re.search(rf"^{schedule} +早报 +active +0 8 ", listed.stdout, re.MULTILINE)
    shown = await wxgate_process("schedules", "show", schedule, *at_gate)
    assert shown.stdout.count(" 08:00:00+08:00") == 5
    assert "建草稿" in shown.stdout
    changed = await wxgate_process(
        *("schedules", "change", schedule, "--cron", "0 9 * * 1-5", "--name", "晨报"), *at_gate
    )
    assert changed.stdout.splitlines()[0].split() == [schedule, "晨报", "active"], changed.output
    assert changed.stdout.count(" 09:00:00+08:00") == 5
    assert (await wxgate_process("schedules", "change", schedule, *at_gate)).exit_code == 2
    for command, state in (("pause", "paused"), ("resume", "active")):
        steered = await wxgate_process("schedules", command, schedule, *at_gate)
        assert steered.stdout.splitlines()[0].endswith(state), steered.output
    ran = await wxgate_process("schedules", "run", schedule, *at_gate)
    job_id = ran.stdout.split(":")[0]
    job = (await stand.http.get(f"/v1/jobs/{job_id}", headers={"Prefer": "wait=30"})).json()
    while job["state"] not in ("succeeded", "failed"):
        job = (await stand.http.get(f"/v1/jobs/{job_id}")).json()
    assert job["state"] == "succeeded", job
    removed = await wxgate_process("schedules", "remove", schedule, *at_gate)
    assert removed.exit_code == 0, removed.output
    gone = await wxgate_process("schedules", "show", schedule, *at_gate)
    assert gone.exit_code == 1


async def test_the_next_times_of_an_expression_need_no_gateway() -> None:
    told = await wxgate_process("schedules", "next", "0 8 * * *", "--count", "3")
    assert [line[-15:] for line in told.stdout.splitlines()] == [" 08:00:00+08:00"] * 3
    wrong = await wxgate_process("schedules", "next", "0 8 30 2 *")
    assert wrong.exit_code == 2


async def test_it_takes_one_time_and_one_thing(tmp_path: Path) -> None:
    for options in (
        (),
        ("x.md", "--draft", "M", "--at", "x"),
        ("x.md", "--at", "x", "--cron", "y"),
    ):
        told = await wxgate_process("schedules", "add", *options)
        assert told.exit_code == 2, told.output
    missing = str(tmp_path / "none.md")
    told = await wxgate_process("schedules", "add", missing, "--cron", "0 8 * * *")
    assert told.exit_code == 2
