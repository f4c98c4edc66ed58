from pathlib import Path

import pytest

from tests.server.cli.commands import wxgate_process

MARKDOWN = "---\ntitle: 题\n---\n# 一\n\n正文 **粗** ![图](a.png)\n"


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "article.md"
    path.write_text(MARKDOWN, "utf-8")
    return path


async def test_html_comes_out_on_stdout_with_pictures_as_they_were(article: Path) -> None:
    done = await wxgate_process("render", article)
    assert done.exit_code == 0, done.output
    assert "<strong" in done.stdout
    assert 'style="' in done.stdout
    assert 'src="a.png"' in done.stdout
    assert "<script" not in done.stdout


async def test_html_goes_into_a_file(article: Path, tmp_path: Path) -> None:
    done = await wxgate_process("render", article, "--output", tmp_path / "out.html")
    assert (done.exit_code, done.stdout) == (0, "")
    assert (tmp_path / "out.html").read_text("utf-8") == (
        await wxgate_process("render", article)
    ).stdout[:-1]


async def test_the_configured_theme_is_used_unless_another_is_named(
    article: Path, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text('[content]\ntheme = "missing"\n')
    done = await wxgate_process("render", article)
    assert done.exit_code == 1
    assert "missing" in done.stderr
    assert (await wxgate_process("render", article, "--theme", "default")).exit_code == 0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"---\ntitle: [\n---\nx", "front matter"),
        (b"# " + "题".encode() * 40 + b"\n\nx", "40"),
        (b"\xff\xfe", "no UTF-8 text"),
        (b"x" * 70_000, "65536"),
    ],
)
async def test_what_cannot_be_rendered_is_told_with_status_1(
    content: bytes, told: str, article: Path
) -> None:
    article.write_bytes(content)
    done = await wxgate_process("render", article)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert told in done.stderr


async def test_wrong_usage_ends_with_2(tmp_path: Path) -> None:
    for path in (tmp_path / "none.md", tmp_path):
        assert (await wxgate_process("render", path)).exit_code == 2


async def test_a_file_that_cannot_be_written_is_told(article: Path, tmp_path: Path) -> None:
    done = await wxgate_process("render", article, "-o", tmp_path / "none" / "out.html")
    assert done.exit_code == 1
    assert "写不了" in done.stderr
