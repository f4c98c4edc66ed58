import asyncio
import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import KEY, Opens, Stand
from tests.e2e.folder import ARTICLES, PICTURES_EACH, make_folder, minimum_calls


async def start(stand: Stand, folder: Path, *options: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "wxgate_client", "publish", str(folder), "-a", "main"),
        *("--json", *options),
        env={**os.environ, "WXGATE_URL": stand.url, "WXGATE_KEY": KEY},
        stdout=asyncio.subprocess.PIPE,
    )


async def publish(stand: Stand, folder: Path, *options: str) -> list[dict[str, Any]]:
    """One run, to its end."""
    process = await start(stand, folder, *options)
    async with asyncio.timeout(100):
        stdout, _ = await process.communicate()
    assert process.returncode == 0, stdout
    told: list[dict[str, Any]] = json.loads(stdout)
    return told


async def missing(stand: Stand, folder: Path) -> list[str]:
    """The pictures of the folder that the gateway has not."""
    names = [hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.png")]
    answer = await stand.http.post("/v1/files/missing", json={"sha256": names})
    told: list[str] = answer.json()["missing"]
    return told


def states(outcomes: list[dict[str, Any]]) -> set[str]:
    return {outcome["state"] for outcome in outcomes}


@pytest.mark.slow
async def test_a_folder_costs_the_fewest_calls_and_a_second_run_none(
    stand: Stand, tmp_path: Path
) -> None:
    make_folder(tmp_path / "posts")
    assert states(await publish(stand, tmp_path / "posts")) == {"succeeded"}
    first = stand.calls()
    assert first == minimum_calls()
    assert states(await publish(stand, tmp_path / "posts")) == {"unchanged"}
    assert stand.calls() == first


async def test_a_run_that_is_killed_goes_on_at_the_first_file_that_is_not_there(
    open_stand: Opens, tmp_path: Path
) -> None:
    folder, articles = tmp_path / "posts", 20
    make_folder(folder, articles=articles, repeats=0)
    async with open_stand(latency_s=0.3) as stand:
        process = await start(stand, folder)
        async with asyncio.timeout(60):
            while len(stand.committed("draft")) < 3:
                await asyncio.sleep(0.05)
        process.kill()
        await process.communicate()
        # Not even what the run had learnt is there any more.
        for left in folder.glob(".wxgate.json*"):
            left.unlink()
        assert 0 < len(await missing(stand, folder)) < articles * PICTURES_EACH
        assert states(await publish(stand, folder)) == {"succeeded"}
        assert await missing(stand, folder) == []
        assert len(stand.committed("draft")) == articles
        assert stand.calls()["/cgi-bin/media/uploadimg"] == articles * PICTURES_EACH


async def test_an_edit_costs_one_update_and_a_new_name_nothing(
    stand: Stand, tmp_path: Path
) -> None:
    folder = tmp_path / "posts"
    make_folder(folder, articles=3, repeats=0)
    await publish(stand, folder)
    before = stand.calls()
    article = next(folder.rglob("post 001.md"))
    article.write_text(article.read_text("utf-8").replace("正文 1", "新的正文"), "utf-8")
    shutil.move(next(folder.rglob("post 002.md")), article.parent / "moved.md")
    outcomes = await publish(stand, folder)
    assert sorted(outcome["state"] for outcome in outcomes) == ["succeeded"] + ["unchanged"] * 2
    spent = {path: count - before.get(path, 0) for path, count in stand.calls().items()}
    assert {path for path, count in spent.items() if count} <= {
        *("/cgi-bin/draft/update", "/cgi-bin/draft/get"),
    }
    assert spent["/cgi-bin/draft/update"] == 1
    assert len(list(stand.sandbox.world.drafts)) == 3


def test_the_folder_is_what_it_is_said_to_be(tmp_path: Path) -> None:
    make_folder(tmp_path)
    pictures = [path.read_bytes() for path in tmp_path.rglob("*.png")]
    assert len(list(tmp_path.rglob("*.md"))) == ARTICLES
    assert (len(pictures), len(set(pictures))) == (500, 440)
