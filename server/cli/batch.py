import secrets
from pathlib import Path
from typing import Annotated, Literal

import typer

from server.cli.common import ConfigOption, JsonOption, tells_usage_faults
from server.cli.target import (
    AccountOption,
    KeyOption,
    ServerOption,
    Target,
    at_gateway,
    find_target,
)

app = typer.Typer(name="batch", no_args_is_help=True)

Source = Annotated[
    Path,
    typer.Argument(
        metavar="PATH",
        help="Markdown 或图片的文件夹或 ZIP，或 JSON、JSONL、YAML、CSV 文件"
        " / folder, ZIP of one, or file of items",
    ),
]
Kind = Annotated[
    Literal[
        "",
        "articles",
        "images.upload",
        "drafts.create",
        "drafts.publish",
        "drafts.delete",
        "materials.delete",
        "materials.tag",
    ],
    typer.Option(help="做什么；默认按文件，没写就是 articles / else as the file says"),
]
Action = Annotated[
    Literal["", "draft", "publish"],
    typer.Option(help="文章做到哪一步；默认按各条，没写就是 draft / how far articles go"),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="网关只检查，列出会做什么 / only check, and tell the plan")
]
Concurrency = Annotated[
    int | None,
    typer.Option(min=1, max=256, help="网关同时做几条；默认按网关 / how many at once"),
]
StopOnError = Annotated[
    bool, typer.Option("--stop-on-error", help="有一条失败就不再开始别的 / a failure ends it")
]
Again = Annotated[bool, typer.Option("--again", help="同样的内容再做一遍 / do the same once more")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="批量任务的 id / id of the batch")]


@app.callback()
def batch() -> None:
    """批量：文章、图片、草稿、素材；超过 1000 条分成几批 / batches; over 1 000 things are several.

    \b
    例 / example:
      wxgate batch run posts/
      wxgate batch run items.csv --kind materials.tag
    """


@app.command()
def run(
    source: Source,
    kind: Kind = "",
    action: Action = "",
    account: AccountOption = "",
    dry_run: DryRun = False,
    concurrency: Concurrency = None,
    stop_on_error: StopOnError = False,
    again: Again = False,
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """提交一批并等它结束；断线后再运行一次会接着做 / hand a batch in and wait for its end.

    退出码 / exit status: 0 全部成功 all · 1 有失败 some failed · 2 用法 usage ·
    3 连不上网关 gateway unreachable · 4 需人工确认 needs review

    \b
    例 / example:
      wxgate batch run posts/ --action publish
      wxgate batch run photos.zip --kind images.upload
      wxgate batch run items.csv --kind materials.tag --dry-run
    """
    from server.cli.handing_in import hand_in, show_plan
    from server.cli.order import Wanted, read_order

    with tells_usage_faults():
        order = read_order(source, Wanted(kind, action, concurrency, stop_on_error))
    target = _target(server, key, config, account)
    if dry_run:
        show_plan(target, order, as_json=as_json)
    else:
        hand_in(target, order, again=secrets.token_hex(8) if again else "", as_json=as_json)


@app.command()
def retry(
    job_id: JobId,
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """只重做失败和取消的，等它结束；退出码同 run / do again only what failed or was cancelled.

    \b
    例 / example:
      wxgate batch retry job_01jd8v6q3x0000000000000000
    """
    from server.cli.handing_in import try_again

    try_again(_target(server, key, config), job_id, as_json=as_json)


@app.command()
def report(
    job_id: JobId,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="输出 CSV，表格软件能直接打开 / print CSV")
    ] = False,
    server: ServerOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """每一条的结果 / what became of each item.

    \b
    例 / example:
      wxgate batch report job_01jd8v6q3x0000000000000000 --csv > report.csv
    """
    from jobs.report import as_csv as spread
    from server.cli.handing_in import print_report, report_of

    told = at_gateway(_target(server, key, config), lambda gateway: report_of(gateway, job_id))
    if as_csv:
        typer.echo(spread(told["items"]), nl=False)
    else:
        print_report(told, as_json=as_json)


def _target(server: str, key: str, config: Path | None, account: str = "") -> Target:
    from accounts.clients import Scope

    scopes = (Scope.DRAFT, Scope.PUBLISH, Scope.MATERIAL, Scope.ADMIN)
    return find_target(server, key, config, *scopes, account=account)
