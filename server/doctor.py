"""Finds out what stands between this machine and a published article, and says what to do."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal

import httpx

from accounts.official import Accounts
from cache.redis import RedisAway, RedisLink
from core.clock import Clock
from core.errors import GatewayError, Text
from wechat import freepublish
from wechat.call import Call, WeChatRefused
from wechat.errcodes import IP_NOT_WHITELISTED, NO_PERMISSION

_CLOCK_WARN_S = 30
_CLOCK_FAIL_S = 300  # signatures older than this are refused
_SECRET_WRONG = frozenset({40001, 40125})
_CONFIRM = frozenset({89503, 89506, 89507})

Status = Literal["ok", "warn", "fail"]
# Raises a GatewayError, or returns what to show beside "ok".
Probe = Callable[[], Awaitable[str]]

_WHITELIST_STEPS = Text(
    "把 {ip} 加入 IP 白名单：微信开发者平台 → 我的业务 → 公众号 → 开发密钥 → API IP 白名单；"
    "约 10 分钟内生效，再运行一次 wxgate doctor",
    "enter {ip} into the IP whitelist: WeChat developer platform → your account → developer keys "
    "→ API IP whitelist; takes up to 10 minutes, then run wxgate doctor again",
)


class RedisAwayError(GatewayError):
    """Redis is configured and gives no answer."""

    status = 503
    code = "redis_away"
    message = Text("Redis 没有应答", "Redis does not answer")
    hint = Text(
        "检查 redis.url 与密码；期间网关用内存顶着，多实例之间暂不共享 token 与限额",
        "check redis.url and password; meanwhile memory is used, and replicas share nothing",
    )


async def ping_redis(link: RedisLink | None) -> str:
    """What to show of Redis. Raises RedisAwayError."""
    if link is None:
        return "未配置，用进程内存 / none configured, memory is used"
    try:
        await link.run(lambda redis: redis.get("wxgate:ping"))
    except RedisAway:
        raise RedisAwayError from None
    return "Redis"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    status: Status
    found: Text
    fix: Text | None = None


class Doctor:
    """Examines the parts of a gateway one after another."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        call: Call,
        http: httpx.AsyncClient,
        probes: dict[str, Probe],
        clock: Clock = time.time,
    ) -> None:
        self._accounts = accounts
        self._call = call
        self._http = http  # its base_url is WeChat's API
        self._probes = probes
        self._clock = clock

    async def examine(self) -> AsyncIterator[Finding]:
        """Each finding as soon as it is made."""
        for name, probe in self._probes.items():
            yield await _probe(name, probe)
        yield await self._clocks()
        if not len(self._accounts):
            yield Finding(
                "account",
                "fail",
                Text("还没有配置公众号", "no official account is configured"),
                Text("运行 wxgate init", "run wxgate init"),
            )
        for account in self._accounts:
            token = await self._token(account.name)
            yield token
            if token.status == "ok":
                yield await self._permission(account.name)

    async def _clocks(self) -> Finding:
        try:
            response = await self._http.head("/")
            there = parsedate_to_datetime(response.headers["date"]).timestamp()
        except (httpx.HTTPError, GatewayError, KeyError, ValueError):
            return Finding(
                "clock",
                "warn",
                Text("没有问到微信服务器的时间", "WeChat's servers did not tell the time"),
                Text("检查网络与 DNS", "check network and DNS"),
            )
        off_s = round(abs(self._clock() - there))
        if off_s <= _CLOCK_WARN_S:
            return Finding("clock", "ok", Text(f"相差 {off_s} 秒", f"{off_s} s apart"))
        return Finding(
            "clock",
            "fail" if off_s > _CLOCK_FAIL_S else "warn",
            Text(f"本机时钟与微信相差 {off_s} 秒", f"this machine's clock is off by {off_s} s"),
            Text("开启时间同步：timedatectl set-ntp true", "run: timedatectl set-ntp true"),
        )

    async def _token(self, account: str) -> Finding:
        name = f"{account}: token"
        try:
            await self._call.get(account, "/cgi-bin/get_api_domain_ip")
        except WeChatRefused as exc:
            return _refused(name, exc)
        except GatewayError as exc:
            return _failed(name, exc)
        found = Text(
            "已取得 access_token：AppID、AppSecret、IP 白名单都对",
            "got an access_token: AppID, AppSecret and whitelist are right",
        )
        return Finding(name, "ok", found)

    async def _permission(self, account: str) -> Finding:
        name = f"{account}: publish"
        body = {"offset": 0, "count": 1, "no_content": 1}
        try:
            await self._call.post(account, freepublish.BATCHGET, body)
        except WeChatRefused as exc:
            if exc.wechat_errcode != NO_PERMISSION:
                return _refused(name, exc)
            return Finding(
                name,
                "warn",
                Text(
                    "该账号不能用接口发布（48001，2025 年 7 月起个人与未认证账号均如此）",
                    "this account may not publish by API (48001, since July 2025 all personal "
                    "and unverified ones)",
                ),
                Text(
                    "草稿照常自动建好，最后一步在公众号后台点“发布”；或完成微信认证",
                    "drafts are made all the same; press publish in WeChat's console, or get "
                    "the account verified",
                ),
            )
        except GatewayError as exc:
            return _failed(name, exc)
        return Finding(name, "ok", Text("可以用接口发布", "may publish by API"))


async def _probe(name: str, probe: Probe) -> Finding:
    try:
        told = await probe()
    except GatewayError as exc:
        return _failed(name, exc)
    return Finding(name, "ok", Text(told, told))


def _failed(name: str, exc: GatewayError) -> Finding:
    fix = Text(*(exc.hint.fill(language, exc.values) for language in ("zh", "en")))
    found = Text(*(exc.message.fill(language, exc.values) for language in ("zh", "en")))
    return Finding(name, "fail", found, fix)


def _refused(name: str, exc: WeChatRefused) -> Finding:
    """What WeChat's refusal of a token or of a call means for the operator."""
    code = exc.wechat_errcode
    if code == IP_NOT_WHITELISTED:
        ip = exc.refused_ip or "?"
        found = Text(
            f"微信拒绝了本机的出口 IP {ip}（40164）",
            f"WeChat refuses this machine's egress IP {ip} (40164)",
        )
        fix = Text(_WHITELIST_STEPS.zh.format(ip=ip), _WHITELIST_STEPS.en.format(ip=ip))
        return Finding(name, "fail", found, fix)
    finding = _failed(name, exc)
    if code in _SECRET_WRONG:
        fix = Text(
            "AppSecret 不对或已重置：到微信开发者平台重置后写入配置",
            "the AppSecret is wrong or was reset: reset it at WeChat and enter the new one",
        )
    elif code in _CONFIRM:
        fix = Text(
            "管理员需在微信里确认这次调用（89503 等），确认后再试",
            "the account's administrator has to confirm the call in WeChat first",
        )
    else:
        return finding
    return Finding(name, "fail", finding.found, fix)
