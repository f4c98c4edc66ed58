"""The command line: a file a command. `main` is what `wxgate` runs."""

import typer

from server.cli import (
    check_config,
    demo,
    doctor,
    init,
    migrate,
    publish,
    render,
    sandbox,
    serve,
    worker,
)

app = typer.Typer(
    name="wxgate",
    no_args_is_help=True,
    add_completion=False,
    # Pretty tracebacks print local variables, and those may be secrets.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "微信公众号 API 网关：固定 IP、一份 token、Markdown 直达文章。\n\n"
        "Gateway to the WeChat Official Account API. First steps: wxgate demo, then wxgate init."
    ),
)
app.command()(demo.demo)
app.command()(init.init)
app.command()(serve.serve)
app.command("check-config")(check_config.check_config)
app.command()(doctor.doctor)
app.command()(render.render)
app.command()(publish.publish)
app.command()(worker.worker)
app.command()(migrate.migrate)
app.command()(sandbox.sandbox)


def main() -> None:
    """Run the command that the arguments name."""
    app()
