import ipaddress
import re
import ssl
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from accounts.clients import Client
from accounts.master_key import SecretsSettings
from accounts.official import OfficialAccount
from cache.rates import RatesByPath, RateText
from cache.settings import CacheSettings, RedisSettings
from content.settings import ContentSettings
from content.words.folder import problems_in
from core.errors import Text
from core.logging import LogSettings
from fetch.settings import FetchSettings
from handlers.mcp.settings import McpSettings
from handlers.security_headers import HeaderSettings
from handlers.wenyan_settings import WenyanSettings
from jobs.disk import DiskSettings
from jobs.library_settings import LibrarySettings
from jobs.push_settings import CallbackSettings, WebhookSettings
from jobs.settings import JobsSettings
from notify.alerting.settings import AlertSettings
from notify.kinds import Channel
from notify.settings import NotifySettings
from proxy.lockout import AuthSettings
from proxy.routing import RelaySettings
from proxy.tokens import TokenSettings
from proxy.upstream import UpstreamSettings, is_loopback, web_host
from server.backup.settings import BackupSettings
from server.connections import ConnectionSettings
from server.faults import BadConfigurationError, Fault, fault_of
from store.engine import DatabaseSettings

_LAST_PORT = 65_535


def _host_and_port(listen: str) -> str:
    host, _, port = listen.rpartition(":")
    if not host or " " in host or not re.fullmatch("[0-9]{1,5}", port) or int(port) > _LAST_PORT:
        raise ValueError("应为 HOST:PORT，如 127.0.0.1:8080 / must be HOST:PORT, as 127.0.0.1:8080")
    return listen


Listen = Annotated[str, AfterValidator(_host_and_port)]
ListenOrNot = Annotated[str, AfterValidator(lambda listen: listen and _host_and_port(listen))]
# Secrets that may stand in a file of their own, under the same key with `_file` added.
_SECRET_KEYS = (
    *("app_secret", "key", "previous_key", "url", "sentinel_password"),
    *("callback_token", "previous_callback_token"),
    *("encoding_aes_key", "previous_encoding_aes_key"),
    *(
        "secret",
        "send_key",
        "device_key",
        "access_key_secret",
        "secret_key",
        "password",
    ),  # of channels
)
ENV_PREFIX = "WXGATE_"


class ServerSettings(ConnectionSettings):
    """`[server]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: Listen = Field("127.0.0.1:8080", description="HOST:PORT to listen on")
    workers: int = Field(1, ge=1, le=64, description="processes; >1 needs [redis] and [database]")
    data_dir: Path = Field(Path("var"), description="database, master key, working files")
    public_url: str = Field(
        "http://127.0.0.1:8080", description="the URL at which callers reach this gateway"
    )
    allowed_hosts: tuple[str, ...] = Field(
        (), description="Host names that are answered; empty: public_url's, loopback, literal IPs"
    )
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        (), description="CIDRs of reverse proxies whose X-Forwarded-For counts"
    )
    drain_s: float = Field(
        0,
        ge=0,
        le=300,
        description="when asked to stop, /health/ready says 503 for so long before connections "
        "are refused; behind a load balancer, longer than its checks are apart",
    )
    control_rate_limit: RateText = Field(
        "600/minute", description="calls of one client to /v1, in each process; none: any number"
    )
    ops_networks: tuple[IPvAnyNetwork, ...] = Field(
        (ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128")),
        description="CIDRs that may read /metrics and /docs without a key of scope admin",
    )
    probe_accounts: bool = Field(
        True,
        description="ask WeChat once a day what each account may do; 7 calls, some minutes after "
        "the start",
    )
    headers: HeaderSettings = Field(
        default={}, description='security headers that replace the defaults; "" removes one'
    )


class ForwardSettings(BaseModel):
    """`[forward]`: the CONNECT proxy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: ListenOrNot = Field("", description="HOST:PORT of the forward proxy; empty: none")
    mode: Literal["inspect", "tunnel"] = Field(
        "inspect",
        description="inspect: TLS ends here, the whole relay works; tunnel: blind, only a fixed IP",
    )
    tunnels_per_client: int = Field(
        32, ge=1, le=10_000, description="tunnels of one client at the same time"
    )
    tunnel_idle_s: float = Field(
        120, gt=0, le=3_600, description="a tunnel through which nothing goes is closed then"
    )


class Settings(BaseSettings):
    """The whole configuration: config.toml, over it `WXGATE_…` of the environment."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    server: ServerSettings = ServerSettings()
    auth: AuthSettings = AuthSettings()
    upstream: UpstreamSettings = UpstreamSettings()
    relay: RelaySettings = RelaySettings()
    tokens: TokenSettings = TokenSettings()
    content: ContentSettings = ContentSettings()
    fetch: FetchSettings = FetchSettings()
    jobs: JobsSettings = JobsSettings()
    disk: DiskSettings = DiskSettings()
    callback: CallbackSettings = CallbackSettings()
    webhooks: WebhookSettings = WebhookSettings()
    alerts: AlertSettings = AlertSettings()
    library: LibrarySettings = LibrarySettings()
    forward: ForwardSettings = ForwardSettings()
    wenyan: WenyanSettings = WenyanSettings()
    mcp: McpSettings = McpSettings()
    redis: RedisSettings = RedisSettings()
    cache: CacheSettings = CacheSettings()
    database: DatabaseSettings = DatabaseSettings()
    secrets: SecretsSettings = SecretsSettings()
    backup: BackupSettings = BackupSettings()
    log: LogSettings = LogSettings()
    accounts: tuple[OfficialAccount, ...] = ()
    clients: tuple[Client, ...] = ()
    notify: NotifySettings = NotifySettings()
    channels: tuple[Channel, ...] = ()
    limits: RatesByPath = Field(default={}, description='calls, as "10/minute", by path')

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_settings` passes: it has merged the sources and read secret files."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def load_settings(path: Path | None, *, read: set[Path] | None = None) -> Settings:
    """Read and check the configuration; without `path`, the environment and defaults alone.

    `read` is told the files that it depends on, those of secrets too. Raises
    BadConfigurationError with all faults at once, never with a secret in it.
    """
    files = set() if read is None else read
    files.update(() if path is None else (path,))
    file = _read_toml(path) if path is not None else {}
    faults: list[Fault] = []
    # The environment ranks over the file.
    data = _with_secret_files(_merged(file, _environment(faults)), "", faults, files)
    try:
        settings = Settings(**data)
    except ValidationError as exc:
        faults += map(fault_of, exc.errors(include_url=False, include_input=False))
        raise BadConfigurationError(faults) from None
    faults += cross_faults(settings)
    if faults:
        raise BadConfigurationError(faults)
    return settings


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as exc:
        problem = Text(f"读不了：{exc.strerror}", f"cannot be read: {exc.strerror}")
        raise BadConfigurationError([Fault(str(path), problem)]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        problem = Text(f"不是正确的 TOML：{exc}", f"is no valid TOML: {exc}")
        raise BadConfigurationError([Fault(str(path), problem)]) from None


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Both tables in one; where they meet, `above` counts."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        both = isinstance(under, dict) and isinstance(value, dict)
        merged[name] = _merged(under, value) if both else value  # type: ignore[arg-type]
    return merged


def _environment(faults: list[Fault]) -> dict[str, Any]:
    """`WXGATE_SERVER__LISTEN=…` as {"server": {"listen": …}}; lists and tables as JSON.

    `WXGATE_URL`, `WXGATE_KEY` and `WXGATE_CONFIG` belong to the command line.
    """
    source = EnvSettingsSource(
        Settings, env_prefix=ENV_PREFIX, env_nested_delimiter="__", case_sensitive=False
    )
    try:
        return dict(source())
    except SettingsError as exc:
        problem = Text(
            f"列表与表要写成 JSON：{exc}", f"lists and tables are written as JSON: {exc}"
        )
        faults.append(Fault(f"{ENV_PREFIX}…", problem))
        return {}


def _with_secret_files(value: Any, key: str, faults: list[Fault], files: set[Path]) -> Any:
    """`value` with each `x_file = "path"` of a secret replaced by `x = <what the file holds>`.

    `files` are all those files.
    """
    if isinstance(value, list):
        return [
            _with_secret_files(item, f"{key}[{i}]", faults, files) for i, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    table: dict[str, Any] = {}
    for name, inner in value.items():
        where = f"{key}.{name}" if key else name
        secret = name.removesuffix("_file")
        if secret != name and secret in _SECRET_KEYS and isinstance(inner, str):
            files.add(Path(inner))
            try:
                table[secret] = Path(inner).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as exc:
                reason = _reason(exc)
                problem = Text(f"读不了 {inner}：{reason}", f"cannot read {inner}: {reason}")
                faults.append(Fault(where, problem))
                table[secret] = "unreadable"  # so that the key is not also reported as missing
        else:
            table[name] = _with_secret_files(inner, where, faults, files)
    return table


def _reason(exc: OSError | UnicodeDecodeError) -> str:
    return (exc.strerror or "unreadable") if isinstance(exc, OSError) else "not UTF-8"


def cross_faults(settings: Settings) -> Iterator[Fault]:
    """What is wrong between keys that are each right alone."""
    yield from _account_faults(settings)
    yield from _client_faults(settings)
    yield from _twice("channels", "name", settings.channels)
    shared = settings.redis.url.get_secret_value() and settings.database.url.get_secret_value()
    if settings.server.workers > 1 and not shared:
        yield Fault(
            "server.workers",
            Text(
                "多个进程需要 redis.url 和 database.url",
                "more than one worker needs redis.url and database.url",
            ),
        )
    yield from _ca_file_faults(settings.upstream.ca_file)
    if settings.forward.listen == settings.server.listen:
        taken = Text("与 server.listen 相同", "is the same as server.listen")
        yield Fault("forward.listen", taken)
    if not web_host(settings.server.public_url):
        yield Fault(
            "server.public_url",
            Text("应为 http:// 或 https:// 的网址", "must be an http:// or https:// URL"),
        )


def _ca_file_faults(path: str) -> Iterator[Fault]:
    try:
        ssl.create_default_context(cafile=path or None)
    except OSError as exc:  # an ssl.SSLError is one
        problem = Text(f"读不了证书 {path}：{exc}", f"certificates cannot be read: {path}: {exc}")
        yield Fault("upstream.ca_file", problem)


def _account_faults(settings: Settings) -> Iterator[Fault]:
    for field in ("name", "app_id"):
        yield from _twice("accounts", field, settings.accounts)


def _twice(table: str, field: str, entries: Iterable[BaseModel]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        value = getattr(entry, field)
        if value in seen:
            used = Text(f"{value} 用了两次", f"{value} is used twice")
            yield Fault(f"{table}[{index}].{field}", used)
        seen.add(value)


def _client_faults(settings: Settings) -> Iterator[Fault]:
    yield from _twice("clients", "id", settings.clients)
    for index, client in enumerate(settings.clients):
        if not client.key.get_secret_value():
            missing = Text("缺少（或 key_file）", "is missing (or key_file)")
            yield Fault(f"clients[{index}].key", missing)


def _accounts_elsewhere(settings: Settings) -> Iterator[Fault]:
    names = {account.name for account in settings.accounts}
    for index, client in enumerate(settings.clients):
        for name in client.accounts:
            if name not in names:
                elsewhere = Text(
                    f"这里没有名为 {name} 的账号，应由 wxgate accounts add 添加",
                    f"no account is named {name} here; it has to come from wxgate accounts add",
                )
                yield Fault(f"clients[{index}].accounts", elsewhere)


def _channels_elsewhere(settings: Settings) -> Iterator[Fault]:
    names = {channel.name for channel in settings.channels}
    for index, route in enumerate(settings.notify.routes):
        for name in route.channels:
            if name not in names:
                elsewhere = Text(
                    f"这里没有名为 {name} 的渠道，应由 wxgate channels add 添加",
                    f"no channel is named {name} here; it has to come from wxgate channels add",
                )
                yield Fault(f"notify.routes[{index}].channels", elsewhere)


def warnings_of(settings: Settings) -> Iterator[Fault]:
    """What is allowed but should be meant."""
    if not settings.accounts:
        none = Text(
            "这里还没有；若也没有用 wxgate accounts add 添加，所有调用都会被拒绝",
            "none here: without one of `wxgate accounts add` every call will be refused",
        )
        yield Fault("accounts", none)
    yield from _accounts_elsewhere(settings)
    yield from _channels_elsewhere(settings)
    if not settings.clients:
        nobody = Text(
            "这里还没有；若也没有用 wxgate clients add 添加，谁也不能调用",
            "none here: without one of `wxgate clients add` nobody can call",
        )
        yield Fault("clients", nobody)
    if settings.fetch.allow_networks:
        inside = Text("允许到这些内网网段取图", "pictures may be fetched from these nets")
        yield Fault("fetch.allow_networks", inside)
    for problem in problems_in(settings.content.words.folder):
        yield Fault("content.words", Text(*(f"{problem.list}: {told}" for told in problem.what)))
    if settings.upstream.allow_plain_http:
        yield Fault(
            "upstream.allow_plain_http", Text("密钥会明文传输", "secrets travel unencrypted")
        )
    if settings.forward.listen and not is_loopback(f"http://{settings.forward.listen}"):
        clear = Text(
            "CONNECT 里的客户端密钥不加密：只在可信的内网开放，并给客户端设 allow_ips",
            "client keys in CONNECT are not encrypted: for a trusted LAN, with allow_ips",
        )
        yield Fault("forward.listen", clear)
    for channel in settings.channels:
        for key, text in channel.warnings():
            yield Fault(f"channels.{channel.name}.{key}", text)
