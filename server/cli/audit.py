import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from server.cli.common import ConfigOption, fail
from server.cli.store import Desk, at_the_desk
from server.cli.times import moment

if TYPE_CHECKING:
    from accounts.audit import Verdict

app = typer.Typer(no_args_is_help=True)

_PAGE = 200


@app.callback()
def audit() -> None:
    """审计日志：谁在何时改了什么、发了什么 / the audit log: who changed or published what.

    每一行都与前一行用密钥串在一起，改动、删除、交换、插入都查得出来。
    Each row is chained to the one before under a key, so that tampering shows.

    \b
    例 / example:
      wxgate audit list --since 7d
      wxgate audit verify
    """


@app.command("list")
def list_(
    since: Annotated[
        str, typer.Option(help="从何时起：7d、24h、2026-12-01、RFC 3339 / from when on")
    ] = "",
    action: Annotated[
        str, typer.Option(help="动作，或其前段如 client / the action, or its first part")
    ] = "",
    actor: Annotated[str, typer.Option(help="谁，如 client:blog / who, as client:blog")] = "",
    account: Annotated[str, typer.Option(help="账号名 / name of the account")] = "",
    limit: Annotated[int, typer.Option(help="最多几条 / at most so many", min=1)] = 50,
    as_json: Annotated[
        bool, typer.Option("--json", help="每行一个 JSON / a JSON object a line")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """列出审计日志，新的在前 / list the log, newest first.

    \b
    例 / example:
      wxgate audit list
      wxgate audit list --since 7d --action publish --json
    """

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from store.audit import AuditFilter

        wanted = AuditFilter(
            since=moment(since, "--since", ahead=False) if since else None,
            action=action or None,
            actor=actor or None,
            account=account or None,
        )
        found: list[dict[str, Any]] = []
        before: int | None = None
        while len(found) < limit:
            page, before = await desk.audit.page(
                wanted, before=before, limit=min(_PAGE, limit - len(found))
            )
            found += page
            if before is None:
                break
        return found

    for entry in at_the_desk(config, work):
        typer.echo(json.dumps(entry, ensure_ascii=False) if as_json else _line(entry))


@app.command()
def verify(
    head: Annotated[
        str, typer.Option(help="以前记下的 head，应仍在日志中 / a head noted earlier, to be found")
    ] = "",
    old_key_file: Annotated[
        list[Path] | None,
        typer.Option(
            help="更换前的主密钥文件，可重复，旧的在前 / master keys of earlier, oldest first",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """检查日志是否被动过 / check that nobody has tampered with the log.

    记下打印出的 head，下次用 --head 传入，才能发现末尾被删。
    Note the head that is printed and pass it as --head next time: that shows a removed end.

    退出码 / exit status: 0 完好 sound · 1 被动过 tampered with

    \b
    例 / example:
      wxgate audit verify
      wxgate audit verify --head 5f0c…
    """

    async def work(desk: Desk) -> "Verdict":
        from accounts.master_key import read_master_key

        earlier = [read_master_key(path) for path in old_key_file or []]
        return await desk.audit.verify(head=head or None, earlier_master_keys=earlier)

    verdict = at_the_desk(config, work)
    if verdict.reason is not None:
        seq, reason = verdict.broken_seq, verdict.reason
        fail(f"✗ 第 {seq} 行：{reason.zh}", f"✗ row {seq}: {reason.en}")
    typer.echo(f"✓ {verdict.rows} 行完好 / rows hold\nhead {verdict.head}")


def _line(entry: dict[str, Any]) -> str:
    from core.clock import SHANGHAI

    at = datetime.fromtimestamp(entry["at"], SHANGHAI).isoformat(" ", "seconds")
    detail = json.dumps(entry["detail"], ensure_ascii=False) if entry["detail"] else ""
    account = f"@{entry['account']}" if entry["account"] else ""
    parts = (f"{entry['seq']:>6}", at, entry["actor"], entry["action"], entry["subject"])
    return "  ".join(filter(None, (*parts, account, detail)))
