"""The command line: a file a command. `main` is what `wxgate` runs."""

import sys
from typing import Annotated

import typer

from server.cli import (
    accounts,
    alerts,
    audit,
    backup,
    batch,
    ca,
    cache,
    channels,
    check_config,
    clients,
    demo,
    doctor,
    errcode,
    init,
    jobs,
    library,
    lint,
    migrate,
    notifications,
    publish,
    render,
    replicas,
    routes,
    sandbox,
    schedules,
    serve,
    sign,
    snippets,
    stats,
    templates,
    themes,
    webhooks,
    worker,
)
from server.cli.wide import mend_wrapping

app = typer.Typer(
    name="wxgate",
    no_args_is_help=True,
    add_completion=False,
    # Pretty tracebacks print local variables, and those may be secrets.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"wxgate {version('wxgate')}")
        raise typer.Exit


@app.callback()
def _wxgate(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", help="显示版本 / show the version", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """微信公众号 API 网关 / gateway to the WeChat Official Account API.

    固定 IP、一份 token、Markdown 直达文章。One fixed IP, one live token, Markdown to article.

    \b
    第一次用 / first steps:
      wxgate demo      不用公众号先看效果 / see it work without an account
      wxgate init      写好配置 / write the configuration
      wxgate doctor    查出口 IP、白名单、权限 / check IP, whitelist, permissions
      wxgate serve     启动网关 / start the gateway
    """


app.command()(demo.demo)
app.command()(init.init)
app.command()(serve.serve)
app.command("check-config")(check_config.check_config)
app.command()(doctor.doctor)
app.command()(errcode.errcode)
app.command()(render.render)
app.add_typer(themes.app, name="themes")
app.command()(lint.lint)
app.command()(publish.publish)
app.add_typer(batch.app)
app.add_typer(jobs.app)
for _kind in ("drafts", "publications", "materials"):
    app.add_typer(library.make_app(_kind))
app.command()(sign.sign)
app.command()(snippets.snippets)
app.add_typer(stats.app)
stats.app.command("cache")(cache.stats_cache)
app.add_typer(cache.app)
app.command("limits")(stats.limits)
app.command()(worker.worker)
app.command()(migrate.migrate)
app.command()(backup.backup)
app.command()(backup.restore)
app.command()(sandbox.sandbox)
app.add_typer(accounts.app, name="accounts")
app.add_typer(clients.app, name="clients")
app.command()(routes.routes)
app.add_typer(ca.app)
app.add_typer(schedules.app, name="schedules")
app.add_typer(audit.app, name="audit")
app.add_typer(templates.app)
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(channels.app, name="channels")
app.add_typer(notifications.app, name="notifications")
app.add_typer(alerts.app, name="alerts")
app.add_typer(replicas.app, name="replicas")


def main() -> None:
    """Run the command that the arguments name."""
    # `wxgate` and `wxgate GROUP` alone show help too. Loading Rich takes as long as Typer.
    if len(sys.argv) < 3 or not {"-h", "--help"}.isdisjoint(sys.argv):
        mend_wrapping()
    app()
