import asyncio
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.common import (
    ConfigOption,
    JsonOption,
    fail,
    in_language,
    is_english,
    log_to_stderr,
    read_settings,
)
from server.cli.tables import print_json
from server.cli.target import EXIT_USAGE

if TYPE_CHECKING:
    from content.findings import LintFinding
    from core.errors import Language
    from server.linting import Linted

EXIT_FAULTS = 1
_LEVELS = {"error": ("错误", "errors"), "warning": ("警告", "warnings"), "info": ("提示", "notes")}

Files = Annotated[
    list[str],
    typer.Argument(help="Markdown、HTML 文件、文件夹或通配符 / files, folders, globs"),
]
Fix = Annotated[
    bool, typer.Option("--fix", help="在文件里改好能改的 / mend in the file what can be mended")
]
Strict = Annotated[bool, typer.Option("--strict", help="有警告也算不通过 / warnings count too")]


def lint(
    files: Files,
    fix: Fix = False,
    strict: Strict = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """发布前对照微信的限制检查文章，不联网 / Hold articles against WeChat's limits, offline.

    一次列出所有问题，各有改法。All findings at once, each with what to do.

    退出码 / exit status: 0 没有错误 no errors · 1 有错误 errors · 2 用法 usage

    \b
    例 / example:
      wxgate lint article.md
      wxgate lint posts/ --strict
      wxgate lint article.md --fix
    """
    from wxgate_client.folders import find_markdown

    from server.linting import lint_files

    log_to_stderr()
    settings = read_settings(config).content
    try:
        linted = asyncio.run(lint_files(find_markdown(files), settings, fix=fix))
    except FileNotFoundError as exc:
        fail(f"没有匹配的文件：{exc}", f"nothing matches {exc}", code=EXIT_USAGE)
    except OSError as exc:
        where = f"{exc.filename}: {exc.strerror}"
        fail(f"读写不了文件：{where}", f"cannot read or write: {where}", code=EXIT_USAGE)
    except UnicodeDecodeError as exc:
        fail(f"不是 UTF-8 文本：{exc}", f"no UTF-8 text: {exc}", code=EXIT_USAGE)
    if as_json:
        print_json([_as_json(each) for each in linted])
    else:
        for each in linted:
            _print(each)
    if any(each.is_faulty(strict=strict) for each in linted):
        raise typer.Exit(EXIT_FAULTS)


def _as_json(linted: "Linted") -> dict[str, Any]:
    from handlers.lint import report_json

    language: Language = "en" if is_english() else "zh"
    told: dict[str, Any] = {"file": str(linted.path), "mended": linted.mended}
    if linted.report is not None:
        return {**told, **report_json(linted.report, language)}
    return {**told, "ok": False, "failure": in_language(linted.failure) if linted.failure else ""}


def _print(linted: "Linted") -> None:
    """A line for each finding, in the form that editors make links of."""
    if linted.failure is not None:
        typer.echo(f"{linted.path}: {in_language(linted.failure)}")
    if linted.mended:
        typer.echo(f"{linted.path}: 改好 {linted.mended} 处 / mended in {linted.mended} places")
    if linted.report is None:
        return
    for finding in linted.report.findings:
        _print_finding(linted.path, finding)
    counts = Counter[str](finding.level for finding in linted.report.findings)
    half = 1 if is_english() else 0
    told = [f"{counts[level]} {names[half]}" for level, names in _LEVELS.items() if counts[level]]
    typer.echo(f"{linted.path}: {' · '.join(told) or ('没有问题', 'nothing found')[half]}")


def _print_finding(path: Path, finding: "LintFinding") -> None:
    place = str(path)
    if finding.position is not None:
        line, column = finding.position
        place += f":{line}" if column is None else f":{line}:{column}"
    told = in_language(finding.message)
    level = (
        _LEVELS[finding.level][1].removesuffix("s") if is_english() else _LEVELS[finding.level][0]
    )
    typer.echo(f"{place}: {level} [{finding.rule}] {told}")
    typer.echo(f"    → {in_language(finding.fix)}")
