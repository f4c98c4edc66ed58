import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from core.errors import GatewayError
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


def fail(zh: str, en: str, *, code: int = 1) -> NoReturn:
    """Say what is wrong in both languages and end with `code`."""
    typer.echo(f"{zh}\n{en}", err=True)
    raise typer.Exit(code)


def fail_with(error: "GatewayError", *, code: int = 3) -> NoReturn:
    """Say what is wrong and what to do, in both languages, and end with `code`."""
    zh, en = error.describe("zh", ""), error.describe("en", "")
    fail(f"{zh['message']}\n  → {zh['hint']}", f"{en['message']}\n  → {en['hint']}", code=code)


def read_settings(config: Path | None) -> "Settings":
    """The configuration of `config`, or of ./config.toml where there is one.

    Prints every fault and ends with status 2 if it cannot be used.
    """
    from server.settings import BadConfigurationError, load_settings

    path = config or (DEFAULT_CONFIG if DEFAULT_CONFIG.exists() else None)
    try:
        return load_settings(path)
    except BadConfigurationError as exc:
        typer.echo(f"配置有 {len(exc.faults)} 处错误 / {len(exc.faults)} faults: {path}", err=True)
        for fault in exc.faults:
            typer.echo(f"  {fault.key}: {fault.problem}", err=True)
        raise typer.Exit(2) from None


def is_english() -> bool:
    """Whether the terminal's language is anything but Chinese."""
    language = os.environ.get("LC_ALL") or os.environ.get("LANG") or "zh"
    return not language.lower().startswith(("zh", "c.", "c", "posix"))


def is_terminal() -> bool:
    """Whether a person sees the output."""
    return sys.stdout.isatty()
