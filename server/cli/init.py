import json
import os
from pathlib import Path
from typing import Annotated

import typer

from server.cli.common import fail

_TEMPLATE = """\
# wxgate 配置。所有键及说明见 config.example.toml；改完运行 wxgate check-config。
# wxgate configuration. Every key is explained in config.example.toml.

[server]
listen = {listen}
public_url = {public_url}

[[accounts]]
name = {name}
app_id = {app_id}
app_secret = {app_secret}

[[clients]]
id = {client}
key = {key}
accounts = [{name}]
scopes = [
    "relay:read", "relay:write", "material", "draft", "publish", "templates", "stats", "notify",
]
"""

_NEXT = """
已写入 {path}（权限 0600，内含 AppSecret，请勿提交到仓库）。
Written: {path} (mode 0600; it holds the AppSecret, keep it out of version control).

接下来 / Next:
  1. wxgate doctor      查出口 IP、白名单、权限 / egress IP, whitelist, permissions
  2. wxgate serve       启动网关 / start the gateway
  3. 把工具指向网关 / point your tools here:
       API 地址 / base URL   {public_url}        (原 was https://api.weixin.qq.com)
       AppID                 {app_id}
       AppSecret 处填 / use  {key}
     各种工具填什么 / what to fill in for each tool:
       wxgate snippets
     或直接发布 / or publish directly:
       wxgate publish article.md
"""

AppId = Annotated[
    str,
    typer.Option(
        prompt="AppID (wx…)", help="公众号的 AppID / the account's AppID", show_default=False
    ),
]
AppSecret = Annotated[
    str,
    typer.Option(
        prompt="AppSecret (输入不回显 / not shown)",
        hide_input=True,
        envvar="WXGATE_APP_SECRET",
        help="AppSecret；建议用提示或环境变量 / better typed at the prompt or in the environment",
        show_default=False,
    ),
]


def init(
    app_id: AppId,
    app_secret: AppSecret,
    name: Annotated[str, typer.Option(help="账号简称 / short name of the account")] = "main",
    client: Annotated[
        str, typer.Option(help="第一个客户端的 id / id of the first client")
    ] = "blog",
    listen: Annotated[str, typer.Option(help="监听地址 / HOST:PORT")] = "127.0.0.1:8080",
    public_url: Annotated[str, typer.Option(help="对外地址 / URL callers use")] = "",
    path: Annotated[Path, typer.Option("--config", "-c", help="写到 / where to")] = Path(
        "config.toml"
    ),
) -> None:
    """问 AppID 和密钥，写好配置并生成调用密钥 / ask, write the configuration, make a key.

    AppSecret 可放在环境变量 WXGATE_APP_SECRET 里，不会留在 shell 历史中。
    The AppSecret may come from WXGATE_APP_SECRET, which leaves no trace in the shell's history.

    \b
    例 / example:
      wxgate init
      wxgate init --app-id wx0123456789abcdef --name main --listen 0.0.0.0:8080 \\
                  --public-url https://gate.example.com
    """
    from accounts.keys import new_key
    from server.faults import BadConfigurationError
    from server.settings import load_settings

    values = {
        "name": name,
        "client": client,
        "listen": listen,
        "public_url": public_url or f"http://{listen}",
        "app_id": app_id.strip(),
        "app_secret": app_secret.strip(),
        "key": new_key(client),
    }
    # A JSON string is a TOML string too.
    quoted = {key: json.dumps(value, ensure_ascii=False) for key, value in values.items()}
    _write_new(path, _TEMPLATE.format_map(quoted))
    try:
        load_settings(path)
    except BadConfigurationError as exc:
        path.unlink()
        faults = "".join(
            f"\n  {fault.key}: {fault.problem.zh} / {fault.problem.en}" for fault in exc.faults
        )
        fail(f"输入有误，没有写入 {path}", f"nothing was written to {path}:{faults}", code=2)
    typer.echo(_NEXT.format_map({**values, "path": path}))


def _write_new(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as exc:
        if path.exists():
            fail(
                f"{path} 已存在，未改动；要重来请先移走它",
                f"{path} exists already and was left alone; move it away to begin anew",
                code=2,
            )
        fail(f"写不了 {path}：{exc.strerror}", f"cannot write {path}: {exc.strerror}", code=2)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
