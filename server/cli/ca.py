from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import Text
from server.cli.common import ConfigOption, fail, fail_with, in_language, read_settings

if TYPE_CHECKING:
    from server.forward.public_certificate import PublicCertificate
    from server.settings import Settings

_ELSEWHERE = Text(
    "工具在别的电脑上时：wxgate ca show --pem > wxgate-ca.pem，拷过去，再加 --ca wxgate-ca.pem",
    "For a tool on another machine: wxgate ca show --pem > wxgate-ca.pem, copy that there, and add "
    "--ca wxgate-ca.pem",
)
app = typer.Typer(name="ca", no_args_is_help=True)


@app.callback()
def ca() -> None:
    """正向代理自己的 CA / the forward proxy's own CA.

    只能为微信的 API 域名签发（关键扩展 nameConstraints）。
    It can vouch for WeChat's API hosts and nothing else (critical nameConstraints).

    \b
    例 / example:
      wxgate ca show
      wxgate ca install-hint python
    """


@app.command()
def show(
    config: ConfigOption = None,
    pem: Annotated[bool, typer.Option("--pem", help="只输出证书 / the certificate alone")] = False,
) -> None:
    """证书在哪、指纹、有效期 / where the certificate is, its fingerprint and its end.

    \b
    例 / example:
      wxgate ca show
      wxgate ca show --pem > wxgate-ca.pem
    """
    path = _certificate(read_settings(config))
    found = _read(path)
    if pem:
        typer.echo(found.pem, nl=False)
        return
    certificate = found.certificate
    typer.echo(f"文件 file          {path}")
    typer.echo(f"名称 name          {certificate.subject.rfc4514_string()}")
    typer.echo(f"SHA-256            {found.fingerprint}")
    typer.echo(f"有效期至 ends      {certificate.not_valid_after_utc:%Y-%m-%d}")
    typer.echo(f"只签发 only for    {', '.join(found.hosts)}")


@app.command("install-hint")
def install_hint(
    system: Annotated[
        str, typer.Argument(help="系统或语言；不写则全部 / system or language; all by default")
    ] = "",
    ca_file: Annotated[
        Path | None,
        typer.Option(
            "--ca",
            help="拷到工具那台电脑上的证书 / the certificate, as copied to the tool's machine",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
) -> None:
    """怎样让系统或语言信任它，怎样撤销 / how to make a system or language trust it, and undo it.

    debian rhel macos windows curl python node java go php docker

    \b
    例 / example:
      wxgate ca install-hint
      wxgate ca install-hint node
      wxgate ca install-hint windows --ca wxgate-ca.pem
    """
    from server.forward.hints import HINTS

    if system and system not in HINTS:
        known = " ".join(HINTS)
        fail(f"没有 {system}，有：{known}", f"no such hint: {system}; there are: {known}", code=2)
    settings = read_settings(config)
    path = ca_file or _certificate(settings).resolve()
    file, name = _tellable(path), _read(path).name
    address = settings.forward.listen or "127.0.0.1:8081"
    client = settings.clients[0].id if settings.clients else "<id>"
    proxy = f"http://{client}:$WXGATE_KEY@{address}"
    if ca_file is None:
        typer.echo(f"{in_language(_ELSEWHERE)}\n", err=True)
    for word in [system] if system else HINTS:
        hint = HINTS[word]
        lines, undo = hint.fill(file, name, proxy, address)
        told = [f"# {word}: {in_language(hint.title)}", *lines, "# 撤销 / undo", *undo]
        typer.echo("\n".join(told) + "\n")


def _read(path: Path) -> "PublicCertificate":
    from server.forward.public_certificate import CertificateUnusable, read_public

    try:
        return read_public(path)
    except CertificateUnusable as error:
        fail_with(error, code=2)


def _tellable(path: Path) -> str:
    from server.forward.public_certificate import PathUnfit, check_path

    try:
        return check_path(str(path))
    except PathUnfit as error:
        fail_with(error, code=2)


def _certificate(settings: "Settings") -> Path:
    from server.forward.authority import PUBLIC_FILE

    path = settings.server.data_dir / "ca" / PUBLIC_FILE
    if not path.exists():
        fail(
            f"还没有 CA：{path}。设好 [forward] listen 并启动一次网关就会生成",
            f"no CA yet: {path}. Set [forward] listen and start the gateway once",
        )
    return path
