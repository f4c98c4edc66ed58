"""`wxgate-client`: publishing from a machine that has Python and httpx, and no gateway."""

import argparse
import asyncio
import json
import os
import secrets
import sys
from collections.abc import Sequence
from typing import Any

from wxgate_client import told
from wxgate_client.errors import Refused, Unreachable
from wxgate_client.lateness import LATE, skip_late_s
from wxgate_client.plan import Plan, Step, Wish
from wxgate_client.publishing import AT_ONCE, Outcome
from wxgate_client.session import (
    Order,
    Selection,
    Target,
    UsageFault,
    check_server,
    check_time,
    publish,
)

_EXAMPLES = """\
例 / examples:
  export WXGATE_URL=https://gate.example.com WXGATE_KEY=wxg_blog_…
  wxgate-client publish posts/ --dry-run
  wxgate-client publish posts/
  wxgate-client publish article.md --account main --publish

退出码 / exit status: 0 全部成功 all · 1 有失败 some failed · 2 用法 usage ·
3 连不上网关 gateway unreachable · 4 需人工确认 needs review
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit status."""
    said = _parser().parse_args(arguments)
    try:
        return _publish(said)
    except UsageFault as fault:
        return _fail(f"{fault.zh}\n{fault.en}", told.EXIT_USAGE)
    except Unreachable as exc:
        zh = f"连不上网关 {said.server}：{exc}\n  → 检查地址，以及网关是否在运行"
        en = f"cannot reach the gateway {said.server}: {exc}"
        en += "\n  → check the URL, and that the gateway is running"
        return _fail(f"{zh}\n{en}", told.EXIT_UNREACHABLE)
    except Refused as exc:
        return _fail(f"{exc.message}\n  → {exc.hint}", told.EXIT_SOME_FAILED)
    except OSError as exc:
        return _fail(f"{exc.filename}: {exc.strerror}", told.EXIT_SOME_FAILED)
    except KeyboardInterrupt:  # the way to end --watch
        return 0 if said.watch else 130


def _publish(said: argparse.Namespace) -> int:
    check_time(said.at)
    action = "publish" if said.publish or said.at else "draft"
    again = secrets.token_hex(8) if said.again else ""
    wish = Wish(
        *(action, said.at, skip_late_s(said.at, said.if_late, said.max_late)),
        article_type=said.article_type,
        force=said.force,
        again=again,
        repeat=said.repeat,
    )
    order = Order(
        Selection(tuple(said.paths), is_bundle=said.bundle), wish, said.concurrency, said.watch
    )
    looks = Lines(as_json=said.json)
    if said.dry_run:
        looks.show(order.plan(said.server, said.account), wish)
        return 0
    _check_target(said.server, said.key)
    target = Target(said.server, said.key, said.account, sign=said.sign)
    if said.watch and not said.json:
        _print_all([told.WATCHING])
    outcomes = asyncio.run(publish(target, order, looks, language=_language()))
    if not said.json:
        _print_all(told.closing_lines(outcomes))
    return told.exit_status(outcomes)


class Lines:
    """Plain lines: what becomes of each file as it happens on stderr, the outcomes on stdout."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def show(self, plan: Plan, wish: Wish) -> None:
        """A plan that is not carried out."""
        print("\n".join(told.plan_lines(plan, wish, told.terminal_width())))
        for step in plan.steps:
            _print_all(told.unsent_lines(step.draft, missing=True))

    def plan(self, plan: Plan) -> None:
        """What there is to do."""
        _print_all(told.gone_lines(plan))
        for step in plan.to_do:
            _print_all(told.unsent_lines(step.draft))
        if not self._as_json:
            _print_all([f"{len(plan.to_do)} / {len(plan.steps)} 篇要处理 / to do"])

    def job(self, step: Step, job: dict[str, Any]) -> None:
        """A step's job has changed."""
        if not self._as_json and sys.stderr.isatty():
            progress = job["progress"]
            done = f"{progress['done']}/{progress['total'] or '?'}"
            _print_all([f"{step.draft.name}: {job['state']} {done}"])

    def outcomes(self, outcomes: Sequence[Outcome]) -> None:
        """What became of all."""
        if self._as_json:
            shown = [outcome.as_json() for outcome in outcomes]
            print(json.dumps(shown, ensure_ascii=False, indent=2), flush=True)
            return
        for outcome in outcomes:
            print("\n".join(told.outcome_lines(outcome, english=_language() == "en")), flush=True)


def _print_all(lines: Sequence[str]) -> None:
    for line in lines:
        print(told.plain(line), file=sys.stderr, flush=True)


def _fail(message: str, status: int) -> int:
    print(message, file=sys.stderr)
    return status


def _check_target(server: str, key: str) -> None:
    check_server(server)
    # A header holds printable ASCII only; the key itself is never shown.
    if not key or not (key.isascii() and key.isprintable()):
        raise UsageFault(
            "要有 --key（或 WXGATE_KEY），形如 wxg_…", "wants a --key (or WXGATE_KEY), wxg_…"
        )


def _language() -> str:
    """The terminal's, Chinese unless it is said to be another."""
    chosen = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    said = next(filter(None, chosen), "").partition(".")[0].lower()
    return "zh" if said in ("", "c", "posix") or said.startswith("zh") else "en"


def _at_least_one(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 64:
        raise argparse.ArgumentTypeError("1–64")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "wxgate-client",
        description="把 Markdown 经 wxgate 网关发到公众号 / Markdown to WeChat through a gateway",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser(
        "publish",
        help="文件或文件夹变成草稿（默认）或发布 / files and folders to drafts or publications",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_options(command)
    return parser


def _add_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    environment = os.environ.get
    add(
        "paths",
        nargs="+",
        metavar="PATH",
        help="文件、文件夹、通配符 / files, folders, globs",
    )
    add("--server", default=environment("WXGATE_URL", ""), help="网关地址 / gateway [WXGATE_URL]")
    add("--key", default=environment("WXGATE_KEY", ""), help="客户端密钥 / client key [WXGATE_KEY]")
    add("--sign", action="store_true", help="请求签名，密钥不上网 / sign: the key stays here")
    add("--account", "-a", default="", help="账号名；默认唯一的那个 / account name")
    add("--publish", action="store_true", help="草稿建好后发布 / publish the draft too")
    add("--at", default="", help="定时，如 2026-12-01T08:00:00+08:00 / when, with offset")
    add(
        "--if-late",
        default="publish",
        choices=("publish", "skip"),
        help="错过时间后补发还是跳过 / late: publish or skip",
    )
    add(
        "--max-late",
        default="",
        metavar="DURATION",
        help=f"skip 时最多晚多久，如 30m，默认 {LATE} / with skip: how late",
    )
    add("--article-type", default="", choices=("news", "newspic"), help="图文或小绿书 / kind")
    add("--bundle", action="store_true", help="合成一个草稿（≤8 篇）/ one draft of all, ≤8")
    add("--force", action="store_true", help="没变也再更新一次 / update though nothing changed")
    add("--again", action="store_true", help="另建一份草稿 / make another draft of each")
    add("--repeat", action="store_true", help="近日发表过也再发表 / publish the same once more")
    add("--watch", "-w", action="store_true", help="改动后自动更新，Ctrl-C 结束 / follow edits")
    add("--dry-run", action="store_true", help="只列出会做什么，不联网 / only show the plan")
    add("--concurrency", type=_at_least_one, default=AT_ONCE, help="同时几篇 / how many at once")
    add("--json", action="store_true", help="输出 JSON / print JSON")
