import json
from pathlib import Path

import pytest

from tests.server.cli.commands import wxgate_process

ENGLISH = {"LANG": "en_US.UTF-8", "LC_ALL": ""}


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "article.md"
    path.write_text(
        f"---\ntitle: {'字' * 40}\n---\n\n##节\n\n[a](www.a.com) ![图](无.png)\n", "utf-8"
    )
    return path


async def test_each_finding_is_a_line_with_its_place_and_a_line_with_its_fix(article: Path) -> None:
    done = await wxgate_process("lint", article, env=ENGLISH)
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0] == (
        f"{article}:2:1: error [draft_title_too_long] the title has 40 characters, limit 32"
    )
    assert lines[1] == "    → shorten the title"
    assert f"{article}:7:21: error [image_file_missing] there is no picture 无.png" in lines
    assert lines[-1].startswith(f"{article}: 2 errors · 2 warnings")


async def test_chinese_is_told_where_it_is_read(article: Path) -> None:
    done = await wxgate_process("lint", article, env={"LC_ALL": "zh_CN.UTF-8"})
    assert "错误 [draft_title_too_long] 标题有 40 个字符，上限 32" in done.stdout
    assert "缩短标题" in done.stdout


async def test_what_can_be_mended_in_the_file_is(article: Path) -> None:
    done = await wxgate_process("lint", article, "--fix", env=ENGLISH)
    assert "mended in 2 places" in done.stdout
    assert "## 节\n\n[a](https://www.a.com)" in article.read_text("utf-8")
    assert done.exit_code == 1  # the title is still too long


async def test_the_exit_status_tells_whether_all_is_well(tmp_path: Path) -> None:
    well, warned = tmp_path / "a.md", tmp_path / "b.md"
    well.write_text("# 题\n\n正文", "utf-8")
    warned.write_text("# 题\n\n[a](b)", "utf-8")
    assert (await wxgate_process("lint", well, "--strict")).exit_code == 0
    assert (await wxgate_process("lint", tmp_path)).exit_code == 0
    assert (await wxgate_process("lint", tmp_path, "--strict")).exit_code == 1


async def test_json_holds_what_the_api_answers_for_each_file(article: Path) -> None:
    done = await wxgate_process("lint", article, "--json", env=ENGLISH)
    [told] = json.loads(done.stdout)
    assert (told["file"], told["ok"]) == (str(article), False)
    assert told["findings"][0]["position"] == {"line": 2, "column": 1}
    assert told["stats"]["characters"] > 0


async def test_wrong_usage_ends_with_2(tmp_path: Path) -> None:
    assert (await wxgate_process("lint", tmp_path / "none.md")).exit_code == 2
    broken = tmp_path / "a.md"
    broken.write_bytes(b"\xff")
    assert (await wxgate_process("lint", broken)).exit_code == 2


async def test_a_file_that_cannot_be_rendered_is_told(tmp_path: Path) -> None:
    long = tmp_path / "a.md"
    long.write_text("x" * 70_000)
    done = await wxgate_process("lint", long, "--json", env=ENGLISH)
    assert done.exit_code == 1
    assert "65536" in json.loads(done.stdout)[0]["failure"]
