"""What the doctor looks at of the ways to people. It sends nothing and tries no password."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from accounts.channel_secrets import channel_aad
from accounts.master_key import Sealer, load_master_key
from core.clock import rfc3339
from core.errors import GatewayError, Text
from notify.channel_settings import ChannelSettings
from notify.email.settings import EmailSettings
from notify.kinds import KINDS
from notify.stored_channels import settings_of
from server.findings import Finding, fail, ok, warn
from server.probes import Probe
from server.settings import Settings
from store import channels as rows
from store import mail_accounts
from store.channels import ChannelRow
from store.engine import open_database
from store.mail_accounts import MailAccountRow
from store.migrate import require_current

log = structlog.get_logger(__name__)

_CHANNELS, _MAIL = "channels", "mail accounts"
_MOST = 5  # that are named


@dataclass(frozen=True, slots=True)
class Ways:
    """All channels that there are, and what their mail accounts have done."""

    channels: Mapping[str, ChannelSettings]
    unreadable: Mapping[str, GatewayError] = field(default_factory=dict)
    disabled: Iterable[MailAccountRow] = ()


def channel_probes(current: Callable[[], Settings]) -> dict[str, Probe]:
    """By the name that a person is shown; `current` are the settings in force."""

    async def channels() -> Finding:
        settings = current()
        return examine_channels(settings, await _read(settings))

    async def mail() -> Finding:
        return examine_mail(await _read(current()))

    return {_CHANNELS: channels, _MAIL: mail}


def examine_channels(settings: Settings, ways: Ways) -> Finding:
    """Whether somebody is told what happens, and all channels can be used."""
    if ways.unreadable:
        return _unreadable(ways.unreadable)
    routes = settings.notify.routes
    lost = {name for route in routes for name in route.channels if not _sends(ways, name)}
    if lost:
        names = ", ".join(sorted(lost))
        return warn(
            _CHANNELS,
            Text(
                f"路由发往的渠道不存在或已停用：{names}",
                f"routes name channels that are not there, or disabled: {names}",
            ),
            Text(
                "改路由；或在 [[channels]] 里写上，wxgate channels add、enable",
                "change the routes; or write it into [[channels]], wxgate channels add, enable",
            ),
        )
    if not routes:
        return ok(
            _CHANNELS,
            "没有路由：出了事没有人会知道；怎么配见 docs/zh/notifications.md",
            "no routes: nobody is told what happens; docs/en/notifications.md shows how",
        )
    counts = len(ways.channels), len(routes)
    return ok(
        _CHANNELS,
        "{} 个渠道，{} 条路由".format(*counts),
        "channels: {}, routes: {}".format(*counts),
    )


def _sends(ways: Ways, name: str) -> bool:
    return name in ways.channels and ways.channels[name].enabled


def _unreadable(unreadable: Mapping[str, GatewayError]) -> Finding:
    told = [
        Text(*(f"{name}: {exc.message.fill(language, exc.values)}" for language in ("zh", "en")))
        for name, exc in sorted(unreadable.items())
    ]
    first = next(iter(unreadable.values()))
    return fail(
        _CHANNELS,
        Text(
            "有渠道的设置读不出来，发往它的通知都会失败：" + _few([each.zh for each in told]),
            "settings that cannot be read, so that nothing is sent: "
            + _few([each.en for each in told]),
        ),
        Text(*(first.hint.fill(language, first.values) for language in ("zh", "en"))),
    )


def examine_mail(ways: Ways) -> Finding:
    """Which mail accounts send nothing now, and why."""
    down = [row for row in ways.disabled if row.name in _accounts_of(ways, row.channel)]
    if not down:
        return ok(_MAIL, "没有停用的", "none is disabled")
    by_channel = {
        row.channel: [each for each in down if each.channel == row.channel] for row in down
    }
    silent = [
        name for name, all_ in by_channel.items() if len(all_) == len(_accounts_of(ways, name))
    ]
    told = _few([_told(row) for row in down])
    fix = Text(
        "改好后保存，下一封信会马上再试；各服务商怎么填见 docs/zh/mail.md",
        "mend its settings: the next mail tries it again; docs/en/mail.md has each provider",
    )
    if silent:
        names = ", ".join(silent)
        return fail(
            _MAIL,
            Text(
                f"渠道 {names} 的账号全部停用，邮件发不出去：{told}",
                f"all accounts of {names} are disabled, no mail goes out: {told}",
            ),
            fix,
        )
    return warn(_MAIL, Text(f"停用中：{told}", f"disabled: {told}"), fix)


def _accounts_of(ways: Ways, channel: str) -> set[str]:
    settings = ways.channels.get(channel)
    if not isinstance(settings, EmailSettings) or not settings.enabled:
        return set()
    return {account.name for account in settings.accounts}


def _told(row: MailAccountRow) -> str:
    since, again = (rfc3339(at) if at else "-" for at in (row.disabled_at, row.probe_at))
    return f"{row.channel}/{row.name} ({since} → {again}): {row.error}"


def _few(told: list[str]) -> str:
    more = f" (+{len(told) - _MOST})" if len(told) > _MOST else ""
    return "; ".join(told[:_MOST]) + more


async def _read(settings: Settings) -> Ways:
    """Those of the file alone, where the store or the key cannot be read: others say so."""
    in_file = {channel.name: channel for channel in settings.channels}
    try:
        return await _stored(settings, in_file)
    except GatewayError as exc:
        log.info("channels of the store not read", reason=exc.code)
        return Ways(in_file)


async def _stored(settings: Settings, in_file: Mapping[str, ChannelSettings]) -> Ways:
    directory = settings.server.data_dir
    async with open_database(settings.database, directory) as database:
        await require_current(database)
        async with database.read() as connection:
            stored = await rows.channels(connection)
            disabled = await mail_accounts.disabled(connection)
    sealer = Sealer(load_master_key(settings.secrets, directory))

    def opens(row: ChannelRow) -> bytes | None:
        return sealer.open(row.sealed, aad=channel_aad(row.name))

    channels, unreadable = {}, {}
    for row in stored:
        try:
            channels[row.name] = settings_of(row, opens, KINDS)
        except GatewayError as exc:
            unreadable[row.name] = exc
    unread = {name: exc for name, exc in unreadable.items() if name not in in_file}
    return Ways({**channels, **in_file}, unread, disabled)
