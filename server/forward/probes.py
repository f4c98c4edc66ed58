"""What the doctor looks at of the forward proxy."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from accounts.clients import Scope
from core.clock import Clock
from core.errors import Text
from server.findings import Finding, fail, ok, warn
from server.forward.authority import KEY_FILE, read_authority
from server.forward.places import HOSTS
from server.probes import Probe
from server.settings import Settings

_LISTENER, _CA = "forward proxy", "forward CA"
_PATIENCE_S = 3
_EARLY = timedelta(days=90)  # to let all tools trust another
_OTHERS = 0o077
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_MAKE_ANOTHER = Text(
    f"删除 data_dir/ca/{KEY_FILE} 并重启，会新建一个；再让各工具信任：wxgate ca install-hint",
    f"remove data_dir/ca/{KEY_FILE} and restart: another is made; "
    "then let all tools trust it: wxgate ca install-hint",
)


def forward_probes(settings: Settings, clock: Clock) -> dict[str, Probe]:
    """By the name that a person is shown; none where there is no forward proxy."""
    if not settings.forward.listen:
        return {}

    async def listener() -> Finding:
        if not await _answers(settings.forward.listen):
            return _nobody_there(settings.forward.listen)
        return _described(settings)

    async def ca() -> Finding:
        return examine_ca(settings.server.data_dir / "ca", clock)

    return {_LISTENER: listener, **({_CA: ca} if settings.forward.mode == "inspect" else {})}


def examine_ca(folder: Path, clock: Clock) -> Finding:
    """Whether tools can trust what is kept in `folder`. Raises AuthorityUnusable."""
    path = folder / KEY_FILE
    if not path.exists():
        return warn(
            _CA,
            Text(f"还没有 {path}", f"there is no {path} yet"),
            Text("启动 wxgate serve 就会生成", "it is made when wxgate serve starts"),
        )
    authority = read_authority(folder, clock=clock)
    day = f"{authority.ends_at:%Y-%m-%d}"
    left = authority.ends_at - datetime.fromtimestamp(clock(), UTC)
    if left <= timedelta(0):
        return fail(_CA, Text(f"已于 {day} 过期", f"ended on {day}"), _MAKE_ANOTHER)
    if (mode := path.stat().st_mode & 0o777) & _OTHERS:
        return fail(
            _CA,
            Text(
                f"{path} 的权限是 {mode:o}：读到它的人能对信任它的机器冒充微信的接口",
                f"{path} has mode {mode:o}: whoever reads it can pose as WeChat's API to all "
                "machines that trust it",
            ),
            Text(*[f"chmod 600 {path}"] * 2),
        )
    if lacking := ", ".join(sorted(set(HOSTS) - authority.names)):
        return warn(
            _CA, Text(f"不能为 {lacking} 签发", f"cannot vouch for {lacking}"), _MAKE_ANOTHER
        )
    if left < _EARLY:
        return warn(_CA, Text(f"{day} 过期", f"ends on {day}"), _MAKE_ANOTHER)
    return ok(_CA, f"有效到 {day}", f"until {day}")


def _described(settings: Settings) -> Finding:
    listen = settings.forward.listen
    if settings.forward.mode == "inspect":
        return ok(
            _LISTENER,
            f"{listen}，inspect：转发的功能都在；工具要信任 CA",
            f"{listen}, inspect: the whole relay works; tools have to trust the CA",
        )
    those = [each for each in settings.clients if each.may(Scope.RELAY_WRITE)]
    may = ", ".join(each.id for each in those if not each.approve_publish) or "-"
    return ok(
        _LISTENER,
        f"{listen}，tunnel：只有固定 IP。没有虚拟 token、限流、缓存、审计，工具要有 AppSecret；"
        f"配置文件里能用的客户端（relay:write）：{may}",
        f"{listen}, tunnel: a fixed IP alone. No virtual tokens, limits, cache or audit; tools "
        f"need the AppSecret; clients of the file that may use it (relay:write): {may}",
    )


def _nobody_there(listen: str) -> Finding:
    return warn(
        _LISTENER,
        Text(f"{listen} 上没有正向代理应答", f"no forward proxy answers on {listen}"),
        Text(
            "启动 wxgate serve；改了 [forward] 要重启；端口也可能被别的程序占用：ss -ltnp",
            "start wxgate serve; [forward] needs a restart when it changes; or another program "
            "has the port: ss -ltnp",
        ),
    )


async def _answers(listen: str) -> bool:
    """Whether what listens there refuses a plain request as the forward proxy does."""
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        async with asyncio.timeout(_PATIENCE_S):
            reader, writer = await asyncio.open_connection(_EVERYWHERE.get(host, host), int(port))
            try:
                writer.write(b"OPTIONS * HTTP/1.1\r\n\r\n")
                return b"(wxgate: " in await reader.readline()
            finally:
                writer.close()
    except (OSError, ValueError):  # TimeoutError is an OSError; ValueError: an endless line
        return False
