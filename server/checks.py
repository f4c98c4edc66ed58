"""What the doctor can tell from the configuration alone."""

import ipaddress
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from accounts.clients import Client, Scope
from core.errors import Text
from server.door_checks import door_checks
from server.findings import Finding, ok, warn
from server.settings import Settings

_OTHERS_MAY_READ = 0o077


def checks_of(settings: Settings, config: Path | None) -> Iterator[Finding]:
    """Each check; `config` is the file that the settings came from, where that is known."""
    yield _listen(settings)
    yield from _proxies(settings)
    if config is not None:
        yield _config_file(config)
    yield _clients(settings)
    yield from _accounts_without_clients(settings)
    yield from _callbacks(settings)
    yield from door_checks(settings)
    zone = time.strftime("%Z (UTC%z)")
    yield ok(
        "time zone",
        f"本机 {zone}；额度与周期任务按北京时间计",
        f"{zone} here; quotas and recurring jobs go by Beijing time",
    )


def behind_unnamed_proxy(peer: str) -> Finding:
    """A request came from `peer` with X-Forwarded-For, and no proxy is trusted."""
    return warn(
        "trusted_proxies",
        Text(
            f"请求经过代理 {peer}，但没有配置 trusted_proxies：所有调用方看起来都是同一个 IP",
            f"requests come through the proxy {peer}, and trusted_proxies is empty: "
            "all callers seem to have one IP",
        ),
        Text(*[f'[server]\ntrusted_proxies = ["{peer}"]'] * 2),
    )


def _listen(settings: Settings) -> Finding:
    server = settings.server
    host = server.listen.rpartition(":")[0].strip("[]")
    public = urlsplit(server.public_url)
    if _is_loopback(host):
        return ok("listen", f"{server.listen}，只有本机能连", f"{server.listen}, this machine only")
    if _is_loopback(public.hostname or ""):
        return warn(
            "public_url",
            Text(
                f"监听 {server.listen}，public_url 却是 {server.public_url}：别的机器会得到 400",
                f"listens on {server.listen}, but public_url is {server.public_url}: "
                "other machines get a 400",
            ),
            Text(*['[server]\npublic_url = "https://gate.example.com"'] * 2),
        )
    if public.scheme == "http":
        return warn(
            "listen",
            Text(
                f"{server.listen} 没有 TLS：途经的网络能读到密钥",
                f"{server.listen} without TLS: the network on the way can read keys",
            ),
            Text(
                "放在带 TLS 的 nginx 或 Caddy 后面，public_url 改为 https://…；"
                "或让客户端改用签名请求",
                "put nginx or Caddy with TLS in front and set public_url to https://…; "
                "or let clients sign their requests",
            ),
        )
    return ok("listen", f"{server.listen}，对外 {server.public_url}", f"{server.listen}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _proxies(settings: Settings) -> Iterator[Finding]:
    server = settings.server
    if server.public_url.startswith("https://") and not server.trusted_proxies:
        yield warn(
            "trusted_proxies",
            Text(
                "public_url 是 https，前面应有反向代理，但没有配置 trusted_proxies："
                "allow_ips 与 ops_networks 看到的都是代理的 IP",
                "public_url is https, so a proxy is in front, and trusted_proxies is empty: "
                "allow_ips and ops_networks see the proxy's IP alone",
            ),
            Text(*['[server]\ntrusted_proxies = ["127.0.0.1/32"]'] * 2),
        )


def _config_file(config: Path) -> Finding:
    mode = config.stat().st_mode & 0o777
    if mode & _OTHERS_MAY_READ:
        return warn(
            "config file",
            Text(
                f"{config} 的权限是 {mode:o}，本机其他用户能读到密钥",
                f"{config} has mode {mode:o}: other users of this machine can read the keys",
            ),
            Text(*[f"chmod 600 {config}"] * 2),
        )
    return ok("config file", f"{config}，权限 {mode:o}", f"{config}, mode {mode:o}")


def _clients(settings: Settings) -> Finding:
    clients = settings.clients
    too_much = [client.id for client in clients if _may_all_from_anywhere(client)]
    rotating = [client.id for client in clients if client.previous_key.get_secret_value()]
    endless = ", ".join(client.id for client in clients if client.expires_at is None) or "-"
    if too_much:
        names = ", ".join(too_much)
        return warn(
            "clients",
            Text(
                f"{names} 什么都能做，而且从哪里都能来",
                f"{names} may do everything, from anywhere",
            ),
            Text(
                "收窄 scopes，或写上 allow_ips",
                "give fewer scopes, or name its allow_ips",
            ),
        )
    if rotating:
        names = ", ".join(rotating)
        return warn(
            "clients",
            Text(f"{names} 的旧密钥还有效", f"the previous key of {names} is still taken"),
            Text("换完之后删掉 previous_key", "remove previous_key once all callers have changed"),
        )
    return ok(
        "clients",
        f"配置文件里 {len(clients)} 个；没有期限的：{endless}",
        f"{len(clients)} in the configuration; without an end: {endless}",
    )


def _may_all_from_anywhere(client: Client) -> bool:
    return client.scopes == frozenset(Scope) and not client.allow_ips


def _accounts_without_clients(settings: Settings) -> Iterator[Finding]:
    used = {name for client in settings.clients for name in client.accounts}
    for account in settings.accounts:
        if account.name not in used:
            yield warn(
                f"{account.name}: clients",
                Text(
                    "配置文件里没有客户端能用这个公众号",
                    "no client of the configuration may use this account",
                ),
                Text(
                    f'在 [[clients]] 里写 accounts = ["{account.name}"]，或 wxgate clients add',
                    f'[[clients]] accounts = ["{account.name}"], or wxgate clients add',
                ),
            )


def _callbacks(settings: Settings) -> Iterator[Finding]:
    """Where WeChat is to push to; accounts without a Token take no pushes, and may mean it."""
    public = settings.server.public_url.rstrip("/")
    for account in settings.accounts:
        if not account.callback_token.get_secret_value():
            continue
        name, url = f"{account.name}: callback", f"{public}/callback/{account.name}"
        if _is_loopback(urlsplit(public).hostname or ""):
            yield warn(
                name,
                Text(f"微信访问不到 {url}", f"WeChat cannot reach {url}"),
                Text(*['[server]\npublic_url = "https://gate.example.com"'] * 2),
            )
        elif not account.encoding_aes_key.get_secret_value():
            yield warn(
                name,
                Text(f"{url} 收明文推送，正文没有签名", f"{url} takes pushes in plain, unsigned"),
                Text(
                    "设 encoding_aes_key，并在微信后台的“消息推送”选安全模式",
                    "set encoding_aes_key, and choose the safe mode in WeChat's console",
                ),
            )
        else:
            yield ok(name, f"微信后台“消息推送”的 URL 填 {url}", f"WeChat's console takes {url}")
