from pathlib import Path

import pytest

from content.settings import ContentSettings
from server.linting import Linted, lint_files


async def _lint(path: Path, *, fix: bool = False) -> Linted:
    [linted] = await lint_files([path], ContentSettings(), fix=fix)
    return linted


def _rules(linted: Linted) -> set[str]:
    assert linted.report is not None
    return {finding.rule for finding in linted.report.findings}


async def test_pictures_are_looked_for_beside_the_file(tmp_path: Path) -> None:
    article = tmp_path / "a.md"
    article.write_text("# 题\n\n![a](here.png) ![b](none.png)", "utf-8")
    (tmp_path / "here.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    linted = await _lint(article)
    assert linted.report is not None
    missing = [each for each in linted.report.findings if each.rule == "image_file_missing"]
    assert [each.message.en for each in missing] == ["there is no picture none.png"]
    assert linted.is_faulty(strict=False)


async def test_html_files_are_linted_as_html(tmp_path: Path) -> None:
    article = tmp_path / "a.html"
    article.write_text("<script></script><p>x</p>", "utf-8")
    assert "tag_banned" in _rules(await _lint(article))


async def test_mending_keeps_line_ends_and_the_byte_order_mark(tmp_path: Path) -> None:
    article = tmp_path / "a.md"
    article.write_bytes("\ufeff# 题\r\n\r\n##节\r\n\r\n[a](www.a.com)\r\n".encode())
    linted = await _lint(article, fix=True)
    assert linted.mended == 2
    assert article.read_bytes() == (
        "\ufeff# 题\r\n\r\n## 节\r\n\r\n[a](https://www.a.com)\r\n".encode()
    )
    assert not _rules(linted) & {"heading_without_space", "link_relative"}


async def test_without_faults_to_mend_the_file_is_not_touched(tmp_path: Path) -> None:
    article = tmp_path / "a.md"
    article.write_text("# 题\n\n[a](#b)", "utf-8")
    before = article.stat().st_mtime_ns
    linted = await _lint(article, fix=True)
    assert (linted.mended, article.stat().st_mtime_ns) == (0, before)
    assert not linted.is_faulty(strict=False)
    assert linted.is_faulty(strict=True)


async def test_a_file_that_cannot_be_rendered_is_faulty(tmp_path: Path) -> None:
    article = tmp_path / "a.md"
    article.write_text("x" * 70_000)
    linted = await _lint(article)
    assert linted.failure is not None
    assert linted.is_faulty(strict=False)


async def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    article = tmp_path / "a.md"
    article.write_bytes(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        await _lint(article)
