import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from core.errors import GatewayError, Text
    from server.settings import Settings

DEFAULT_CONFIG = Path("config.toml")

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        envvar="WXGATE_CONFIG",
        help="配置文件；默认 ./config.toml / configuration file, ./config.toml by default",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="不再确认 / do not ask")]


def fail(zh: str, en: str, *, code: int = 1) -> NoReturn:
    """Say what is wrong in both languages and end with `code`."""
    typer.echo(f"{zh}\n{en}", err=True)
    raise typer.Exit(code)


def fail_with(error: "GatewayError", *, code: int = 3) -> NoReturn:
    """Say what is wrong and what to do, in both languages, and end with `code`."""
    zh, en = error.describe("zh", ""), error.describe("en", "")
    fail(f"{zh['message']}\n  → {zh['hint']}", f"{en['message']}\n  → {en['hint']}", code=code)


@contextmanager
def tells_usage_faults() -> Iterator[None]:
    """A UsageFault is told, and ends the command with status 2."""
    from wxgate_client.session import UsageFault

    try:
        yield
    except UsageFault as fault:
        fail(fault.zh, fault.en, code=2)


def config_path(config: Path | None) -> Path | None:
    """`config`, or ./config.toml where there is one."""
    return config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)


def read_settings(config: Path | None, load: "Callable[[], Settings] | None" = None) -> "Settings":
    """The configuration of `config`, or of ./config.toml where there is one; or what `load` gives.

    Prints every fault and ends with status 2 if it cannot be used.
    """
    from server.faults import BadConfigurationError
    from server.settings import load_settings

    path = config_path(config)
    try:
        return load() if load is not None else load_settings(path)
    except BadConfigurationError as exc:
        where = path or "WXGATE_…"
        count = len(exc.faults)
        typer.echo(
            f"配置有 {count} 处错误 / the configuration has {count} faults: {where}", err=True
        )
        for fault in exc.faults:
            typer.echo(f"  {fault.key}: {fault.problem.zh} / {fault.problem.en}", err=True)
        raise typer.Exit(2) from None


def log_to_stderr() -> None:
    """Let the gateway's parts speak up only in trouble, and never on stdout, which is for results.

    For commands that work for a person; `serve` and `worker` log as the configuration says.
    """
    from core.logging import LogSettings, setup_logging

    setup_logging(LogSettings(level="error"))


def print_warnings(settings: "Settings") -> None:
    """On stderr what the configuration allows but should be meant."""
    from server.settings import warnings_of

    for warning in warnings_of(settings):
        told = f"{warning.problem.zh} / {warning.problem.en}"
        typer.echo(f"注意 / note: {warning.key}: {told}", err=True)


def is_english() -> bool:
    """Whether the terminal's language is anything but Chinese; without one it counts as Chinese."""
    chosen = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    language = next(filter(None, chosen), "").partition(".")[0].lower()
    return language not in ("", "c", "posix") and not language.startswith("zh")


def in_language(text: "Text") -> str:
    """The half of `text` that a person at this terminal reads."""
    return text.en if is_english() else text.zh
