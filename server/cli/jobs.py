from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

import typer

from server.cli.common import ConfigOption, JsonOption, fail
from server.cli.tables import print_facts, print_json, print_list
from server.cli.target import (
    KeyOption,
    ServerOption,
    Target,
    ask,
    ask_list,
    at_gateway,
    find_target,
)
from server.cli.times import in_shanghai

if TYPE_CHECKING:
    from pathlib import Path

    from wxgate_client.gateway import AsyncGateway

app = typer.Typer(name="jobs", no_args_is_help=True)

_HEAD = ("id", "state", "kind", "account", "created", "due", "title", "error")
_NEEDS_REVIEW, _FAILED = 4, 1

JobIds = Annotated[list[str], typer.Argument(metavar="JOB…", help="任务 id / ids of jobs")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="任务 id / id of the job")]
StateOption = Annotated[
    list[str] | None, typer.Option("--state", help="状态，可重复 / state, repeatable")
]
ApprovalOption = Annotated[
    Literal["", "pending", "given"],
    typer.Option(
        metavar="<pending|given>",
        help="pending 待批准，含待你批准的 / waits for approval, yours too; given",
    ),
]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=1, help="最多几个 / at most")]


@app.callback()
def jobs() -> None:
    """任务：列表、详情、取消、重试、批准 / jobs: list, show, cancel, retry, approve.

    \b
    例 / example:
      wxgate jobs list --state failed
      wxgate jobs watch job_01jd8v6q3x0000000000000000
    """


@app.command("list")
def list_jobs(
    state: StateOption = None,
    q: Annotated[str, typer.Option("--query", "-q", help="标题、id 等 / words, id, code")] = "",
    tag: Annotated[str, typer.Option("--tag", help="标签 / tag")] = "",
    account: Annotated[str, typer.Option("--account", "-a", help="公众号 / account")] = "",
    kind: Annotated[str, typer.Option("--kind", help="类别 / kind")] = "",
    parent: Annotated[str, typer.Option("--parent", help="批量任务 / items of a batch")] = "",
    approval: ApprovalOption = "",
    limit: LimitOption = 20,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """列出任务，新的在前 / jobs, newest first.

    \b
    例 / example:
      wxgate jobs list --state failed --state needs_review
      wxgate jobs list -q 周报 --json
      wxgate jobs list --state waiting --approval pending
    """
    wanted = {"q": q, "tag": tag, "account": account, "kind": kind, "parent": parent}
    wanted |= {"approval": approval, "state": ",".join(state or ())}
    found = ask_list(_target(server, key, config), "jobs", query=wanted, limit=limit)
    print_list(found, _HEAD, map(_row, found), as_json=as_json)


@app.command("show")
def show(
    job_id: JobId,
    as_json: JsonOption = False,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """一个任务 / a job.

    \b
    例 / example:
      wxgate jobs show job_01jd8v6q3x0000000000000000
    """
    job = ask(_target(server, key, config), "GET", "jobs", job_id)
    if as_json:
        print_json(job)
    else:
        _print_job(job)


@app.command("watch")
def watch(
    job_id: JobId,
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """跟着任务直到结束；失败则退出码 1，待人工确认则 4 / follow a job to its end.

    \b
    例 / example:
      wxgate jobs watch job_01jd8v6q3x0000000000000000
    """

    async def work(gateway: "AsyncGateway") -> None:
        job, told = await gateway.job(job_id), ""
        async for seen in gateway.follow(job, through_waiting=True):
            job, progress, before = seen, seen["progress"], told
            told = f"{job['state']} {progress['done']}/{progress['total']}"
            if told != before:
                typer.echo(told)
        _print_job(job)
        if job["state"] == "needs_review":
            raise typer.Exit(_NEEDS_REVIEW)
        if job["state"] != "succeeded":
            raise typer.Exit(_FAILED)

    at_gateway(_target(server, key, config), work)


@app.command("cancel")
def cancel(
    job_ids: JobIds, server: ServerOption = "", key: KeyOption = "", config: ConfigOption = None
) -> None:
    """取消任务 / cancel jobs.

    \b
    例 / example:
      wxgate jobs cancel job_01jd8v6q3x0000000000000000
    """
    _steer(job_ids, "cancel", _target(server, key, config))


@app.command("retry")
def retry(
    job_ids: JobIds, server: ServerOption = "", key: KeyOption = "", config: ConfigOption = None
) -> None:
    """重试任务 / try jobs again.

    \b
    例 / example:
      wxgate jobs retry job_01jd8v6q3x0000000000000000
    """
    _steer(job_ids, "retry", _target(server, key, config))


@app.command("approve")
def approve(
    job_ids: JobIds, server: ServerOption = "", key: KeyOption = "", config: ConfigOption = None
) -> None:
    """批准别的密钥提交的发布 / approve what another key wants published.

    \b
    例 / example:
      wxgate jobs approve job_01jd8v6q3x0000000000000000
    """
    _steer(job_ids, "approve", _target(server, key, config))


@app.command("resolve")
def resolve(
    job_id: JobId,
    published: Annotated[
        bool | None,
        typer.Option(
            "--published/--not-published",
            help="后台里有；没有用 --not-published / it is there; or --not-published",
            show_default=False,
        ),
    ] = None,
    article_id: Annotated[
        str, typer.Option("--article-id", help="文章 id，若知道 / of the article, if known")
    ] = "",
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """说明 needs_review 的任务结果如何 / say what became of a job that needs review.

    先到公众号后台看过；记入审计日志 / look at mp.weixin.qq.com first; it is audited.

    \b
    例 / example:
      wxgate jobs resolve job_01jd8v6q3x0000000000000000 --published
      wxgate jobs resolve job_01jd8v6q3x0000000000000000 --not-published
    """
    if published is None:
        fail("说 --published 或 --not-published", "say --published or --not-published", code=2)
    said = {"outcome": "published" if published else "not_published"}
    if article_id:
        said["article_id"] = article_id
    _print_job(ask(_target(server, key, config), "POST", "jobs", job_id, "resolve", said=said))


@app.command("preview")
def preview(
    job_id: JobId,
    output: Annotated[
        str, typer.Option("--output", "-o", help="HTML 文件；默认 JOB.html / file to write")
    ] = "",
    server: ServerOption = "",
    key: KeyOption = "",
    config: ConfigOption = None,
) -> None:
    """把任务要发表的内容写成 HTML 文件 / write what a job publishes to an HTML file.

    \b
    例 / example:
      wxgate jobs preview job_01jd8v6q3x0000000000000000 -o preview.html
    """
    from server.cli.job_page import write_page

    file = output or f"{job_id}.html"
    seen = ask(_target(server, key, config), "GET", "jobs", job_id, "preview")
    write_page(file, seen)
    for article in seen["articles"]:
        print_facts({name: article[name] for name in ("title", "digest", "pictures")})
    print_facts({"action": seen["action"], "file": file})


def _steer(job_ids: list[str], what: str, target: Target) -> None:
    """Do it to all of them; status 1 if one is refused."""

    async def work(gateway: "AsyncGateway") -> None:
        from wxgate_client.errors import Refused

        refused = False
        for job_id in job_ids:
            try:
                job = await gateway.request("POST", f"/v1/jobs/{quote(job_id, safe='')}/{what}")
                typer.echo(f"{job['id']} {job['state']}")
            except Refused as exc:
                refused = True
                typer.echo(f"{job_id}: {exc.message}\n  → {exc.hint}", err=True)
        if refused:
            raise typer.Exit(1)

    at_gateway(target, work)


def _target(server: str, key: str, config: "Path | None") -> Target:
    from accounts.clients import Scope

    return find_target(server, key, config, Scope.DRAFT, Scope.PUBLISH, Scope.ADMIN)


def _row(job: Mapping[str, Any]) -> tuple[object, ...]:
    error = (job.get("error") or {}).get("code")
    due = in_shanghai(job["run_at"]) if job["state"] == "scheduled" else None
    return (
        *(job["id"], job["state"], job["kind"], job["account"]),
        *(in_shanghai(job["created_at"]), due, job.get("title"), error),
    )


def _print_job(job: Mapping[str, Any]) -> None:
    print_facts({name: job.get(name) for name in ("id", "state", "kind", "account", "client")})
    times = {name: in_shanghai(job[name]) for name in ("created_at", "run_at")}
    print_facts({"title": job.get("title"), **times})
    print_facts({name: job.get(name) for name in ("parent", "schedule", "approval")})
    print_facts({"tags": " ".join(job.get("tags") or ())})
    result = job.get("result") or {}
    print_facts(
        {name: result.get(name) for name in ("mode", "media_id", "publish_id", "article_id", "url")}
    )
    if error := job.get("error"):
        from wxgate_client import told

        typer.echo(f"error: {error['code']}: {error['message']}\n  → {error['hint']}")
        for line in told.error_lines(job["id"], error):
            typer.echo(f"  {line}")
    if job["kind"] == "batch":
        typer.echo(f"  → 逐条 / item by item: wxgate batch report {job['id']}")
