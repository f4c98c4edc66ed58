import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from server.cli.common import fail

_TEMPLATE = """\
# wxgate 配置。所有键及说明见 config.example.toml；改完运行 wxgate check-config。
# wxgate configuration. Every key is explained in config.example.toml.

[server]
listen = "{listen}"
public_url = "{public_url}"

[[accounts]]
name = "{name}"
app_id = "{app_id}"
app_secret = "{app_secret}"

[[clients]]
id = "{client}"
key = "{key}"
accounts = ["{name}"]
scopes = ["relay:read", "relay:write", "material", "draft", "publish", "stats"]
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
    """问 AppID 和密钥，写好配置并生成调用密钥 / ask, write the configuration, make a key."""
    from server.settings import BadConfigurationError, load_settings

    if path.exists():
        fail(f"{path} 已存在，未改动", f"{path} exists already and was left alone", code=2)
    values = {
        "name": name,
        "client": client,
        "listen": listen,
        "public_url": public_url or f"http://{listen}",
        "app_id": app_id.strip(),
        "app_secret": app_secret.strip(),
        "key": f"wxg_{client}_{secrets.token_urlsafe(24)}",
    }
    escaped = {
        key: value.replace("\\", "\\\\").replace('"', '\\"') for key, value in values.items()
    }
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(_TEMPLATE.format_map(escaped))
    try:
        load_settings(path)
    except BadConfigurationError as exc:
        path.unlink()
        faults = "; ".join(f"{fault.key}: {fault.problem}" for fault in exc.faults)
        fail(f"没有写入，输入有误：{faults}", f"nothing was written: {faults}", code=2)
    typer.echo(_NEXT.format_map({**values, "path": path}))
