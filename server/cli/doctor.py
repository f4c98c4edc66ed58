import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    fail,
    in_language,
    log_to_stderr,
    print_warnings,
    read_settings,
)
from server.cli.tables import print_json

if TYPE_CHECKING:
    from server.findings import Finding
    from server.settings import Settings

_MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


def doctor(
    as_json: JsonOption = False,
    report: Annotated[
        Path | None,
        typer.Option(
            help="把版本、结果与配置写入文件，不含密钥 / versions, findings and settings to a file"
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """诊断出口 IP、白名单、密钥、权限、时钟、Redis、数据库 / find what is wrong, say the fix.

    会真的向微信请求一次 token，并各用一次 get_api_domain_ip 与 freepublish/batchget 额度。
    Asks WeChat for a token and spends one call of two APIs for each account.

    退出码 / exit status: 0 正常 well · 1 查出问题 something is wrong · 2 配置有误 bad configuration

    \b
    例 / example:
      wxgate doctor
      wxgate doctor --json
      wxgate doctor --report report.json
    """
    log_to_stderr()
    settings = read_settings(config)
    print_warnings(settings)
    path = config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
    findings = asyncio.run(_examine(settings, path, show=not as_json))
    if as_json:
        print_json([finding.plain() for finding in findings])
    if report is not None:
        _write(report, settings, findings)
    raise typer.Exit(1 if any(finding.status == "fail" for finding in findings) else 0)


def _write(path: Path, settings: "Settings", findings: "list[Finding]") -> None:
    from server.report import write_report

    try:
        write_report(path, settings, findings)
    except OSError as exc:
        fail(f"写不了 {path}：{exc.strerror}", f"cannot write {path}: {exc.strerror}", code=2)
    typer.echo(f"已写入，不含密钥 / written, without secrets: {path}", err=True)


async def _examine(settings: "Settings", config: Path | None, *, show: bool) -> "list[Finding]":
    from server.tools import open_doctor

    findings = []
    async with open_doctor(settings, config) as examiner:
        async for finding in examiner.examine():
            findings.append(finding)
            if show:
                _show(finding)
    return findings


def _show(finding: "Finding") -> None:
    mark, colour = _MARKS[finding.status]
    typer.secho(f"  {mark} {finding.name}: {in_language(finding.found)}", fg=colour)
    if finding.fix is not None:
        fix = in_language(finding.fix).replace("\n", "\n        ")
        typer.echo(f"      → {fix}")
