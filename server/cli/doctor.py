import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli.common import (
    ConfigOption,
    in_language,
    log_to_stderr,
    print_warnings,
    read_settings,
)

if TYPE_CHECKING:
    from server.doctor import Finding
    from server.settings import Settings

_MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
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
    """
    log_to_stderr()
    settings = read_settings(config)
    print_warnings(settings)
    findings = asyncio.run(_examine(settings, show=not as_json))
    if as_json:
        told = [
            {
                "name": finding.name,
                "status": finding.status,
                "found": finding.found._asdict(),
                "fix": finding.fix._asdict() if finding.fix else None,
            }
            for finding in findings
        ]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    raise typer.Exit(1 if any(finding.status == "fail" for finding in findings) else 0)


async def _examine(settings: "Settings", *, show: bool) -> "list[Finding]":
    from server.app import open_doctor

    findings = []
    async with open_doctor(settings) as examiner:
        async for finding in examiner.examine():
            findings.append(finding)
            if show:
                _show(finding)
    return findings


def _show(finding: "Finding") -> None:
    mark, colour = _MARKS[finding.status]
    typer.secho(f"  {mark} {finding.name}: {in_language(finding.found)}", fg=colour)
    if finding.fix is not None:
        typer.echo(f"      → {in_language(finding.fix)}")
