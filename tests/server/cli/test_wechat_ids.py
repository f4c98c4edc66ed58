from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from server.cli.wechat_ids import IdCommand

MEDIA_ID = "-cTogiRPqbuflNw6FhGOTJRQdh_H1mOLmGoVoFiQNQ86zTuI9rLe2XDGMldmL3EQ"
app = typer.Typer()


@app.command(cls=IdCommand)
def show(
    ids: Annotated[list[str], typer.Argument()],
    config: Annotated[str, typer.Option("--config", "-c")] = "",
    tag: Annotated[str | None, typer.Option("--tag")] = None,
) -> None:
    typer.echo(f"{ids} {config} {tag}")


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ([MEDIA_ID], f"['{MEDIA_ID}']  None"),
        (["a", MEDIA_ID, "-c", "file"], f"['a', '{MEDIA_ID}'] file None"),
        (["--tag", MEDIA_ID, "--", "-x"], f"['-x']  {MEDIA_ID}"),
        (["a", "-cfile"], "['a'] file None"),
    ],
)
def test_ids_are_taken_as_they_are(args: list[str], told: str) -> None:
    result = CliRunner().invoke(app, args)
    assert result.stdout == f"{told}\n", result.output


def test_what_is_no_id_is_an_option() -> None:
    assert CliRunner().invoke(app, ["-x"]).exit_code == 2
