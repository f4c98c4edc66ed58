import asyncio
import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import Fault
from tests.e2e.conftest import KEY
from tests.jobs.rig import PNG
from tests.server.cli.commands import wxgate, wxgate_process


def at_gate(stand: Any) -> tuple[str, ...]:
    return ("--server", stand.url, "--key", KEY)


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    folder = tmp_path / "posts"
    folder.mkdir()
    (folder / "a.png").write_bytes(PNG)
    for name in ("one", "two"):
        (folder / f"{name}.md").write_text(f"# {name}\n\n![](a.png)\n", "utf-8")
    return folder


async def test_a_folder_becomes_drafts_with_each_picture_once(stand: Any, posts: Path) -> None:
    gate = (*at_gate(stand), "-a", "main")
    plan = await wxgate_process("batch", "run", posts, "--dry-run", *gate)
    assert plan.exit_code == 0, plan.output
    assert [line.split() for line in plan.stdout.splitlines()[1:]] == [
        ["0", "article", "draft", "one.md", "1", "1"],
        ["1", "article", "draft", "two.md", "1", "1"],
    ]
    assert stand.committed("draft") == []
    done = await wxgate_process("batch", "run", posts, *gate)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1].endswith(" succeeded 2/2")
    assert (len(stand.committed("draft")), len(stand.committed("image"))) == (2, 1)
    again = await wxgate_process("batch", "run", posts, "--json", *gate)
    assert again.exit_code == 0, again.output
    assert len(stand.committed("draft")) == 2  # the same job
    assert [item["state"] for item in json.loads(again.stdout)["items"]] == ["succeeded"] * 2
    another = await wxgate_process("batch", "run", posts, "--again", *gate)
    assert another.exit_code == 0, another.output
    assert len(stand.committed("draft")) == 4


async def test_only_what_failed_is_done_again(stand: Any, posts: Path) -> None:
    gate = at_gate(stand)
    stand.sandbox.faults.add(Fault(kind="errcode", path="/cgi-bin/draft/add", errcode=53404))
    run = ("batch", "run", posts, "--concurrency", 1, "-a", "main")
    done = await wxgate_process(*run, "--json", *gate)
    assert done.exit_code == 1, done.output
    report = json.loads(done.stdout)
    assert [item["state"] for item in report["items"]] == ["failed", "succeeded"]
    assert f"wxgate batch retry {report['id']}" in done.stderr
    told = await wxgate_process("batch", "report", report["id"], "--csv", *gate)
    rows = list(csv.DictReader(io.StringIO(told.stdout.removeprefix("\ufeff"))))
    assert [(row["title"], row["state"]) for row in rows] == [
        ("one", "failed"),
        ("two", "succeeded"),
    ]
    again = await wxgate_process("batch", "retry", report["id"], *gate)
    assert again.exit_code == 0, again.output
    assert again.stdout.splitlines()[-1] == f"{report['id']} succeeded 2/2"
    assert len(stand.committed("draft")) == 2


async def test_items_that_are_wrong_are_all_named_and_none_is_taken_in(
    stand: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("media_id,add\nM,猫\nN,\n", "utf-8")
    done = await wxgate_process(
        *("batch", "run", path, "--kind", "materials.tag", "-a", "main"), *at_gate(stand)
    )
    assert done.exit_code == 1, done.output
    assert "items[0]: add" in done.stderr


async def test_what_cannot_be_read_ends_with_2_and_no_gateway_with_3(
    tmp_path: Path, unused_port: int
) -> None:
    nowhere = ("--server", f"http://127.0.0.1:{unused_port}", "--key", KEY)
    assert (await wxgate_process("batch", "run", tmp_path / "no.json", *nowhere)).exit_code == 2
    path = tmp_path / "a.json"
    path.write_text("[{}]", "utf-8")
    assert (await wxgate_process("batch", "run", path, *nowhere)).exit_code == 3


async def test_a_folder_in_a_zip_is_handed_in_as_it_is(stand: Any, posts: Path) -> None:
    packed = posts.with_suffix(".zip")
    with zipfile.ZipFile(packed, "w") as archive:
        for file in posts.iterdir():
            archive.write(file, file.relative_to(posts.parent))
    gate = (*at_gate(stand), "-a", "main")
    plan = await wxgate_process("batch", "run", packed, "--dry-run", *gate)
    assert [line.split()[3] for line in plan.stdout.splitlines()[1:]] == ["one.md", "two.md"]
    for _ in range(2):
        done = await wxgate_process("batch", "run", packed, *gate)
        assert done.exit_code == 0, done.output
        assert done.stdout.splitlines()[-1].endswith(" succeeded 2/2")
    assert (len(stand.committed("draft")), len(stand.committed("image"))) == (2, 1)
    packed.write_bytes(b"no archive")
    assert (await wxgate_process("batch", "run", packed, *gate)).exit_code == 1


@pytest.mark.parametrize(("stop", "batches"), [((), 2), (("--stop-on-error",), 1)])
async def test_more_than_a_request_takes_are_batches_one_after_the_other(
    stand: Any,
    posts: Path,
    monkeypatch: pytest.MonkeyPatch,
    stop: tuple[str, ...],
    batches: int,
) -> None:
    monkeypatch.setattr("server.cli.order._MAX_ITEMS", 1)
    stand.sandbox.faults.add(Fault(kind="errcode", path="/cgi-bin/draft/add", errcode=53404))
    run = ("batch", "run", posts, *stop, "-a", "main", *at_gate(stand))
    done = await asyncio.to_thread(wxgate, *run)
    assert done.exit_code == 1, done.output
    ends = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("job_")]
    assert ends == ["failed", "succeeded"][:batches]
    assert len(stand.committed("draft")) == batches - 1
