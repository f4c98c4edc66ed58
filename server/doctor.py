"""Finds out what stands between this machine and a published article, and says what to do."""

import time
from collections.abc import AsyncIterator, Callable, Iterable
from email.utils import parsedate_to_datetime

import httpx

from accounts.official import AccountLocked, Accounts
from core.clock import Clock
from core.errors import GatewayError, Text
from server.findings import Finding, failed
from server.probes import Probe
from wechat.call import Call
from wechat.probe import may_publish

_CLOCK_WARN_S = 30
_CLOCK_FAIL_S = 300  # signatures older than this are refused

_DRAFTS_ONLY = Text(
    "该账号不能用接口发布（48001，2025 年 7 月起个人与未认证账号均如此）",
    "this account may not publish by API (48001, since July 2025 all personal and unverified ones)",
)
_PUBLISH_BY_HAND = Text(
    "草稿照常自动建好，最后一步在公众号后台点“发布”；或完成微信认证",
    "drafts are made all the same; press publish in WeChat's console, or get the account verified",
)


class Doctor:
    """Examines the parts of a gateway one after another."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        call: Call,
        http: httpx.AsyncClient,
        probes: dict[str, Probe],
        checks: Callable[[], Iterable[Finding]] = tuple,
        clock: Clock = time.time,
    ) -> None:
        self._accounts = accounts
        self._call = call
        self._http = http  # its base_url is WeChat's API
        self._probes = probes
        self._checks = checks  # of the configuration
        self._clock = clock

    async def examine(self) -> AsyncIterator[Finding]:
        """Each finding as soon as it is made."""
        for check in self._checks():
            yield check
        for name, probe in self._probes.items():
            yield await _probe(name, probe)
        yield await self._clocks()
        locked = self._accounts.locked()
        if not len(self._accounts) and not locked:
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
        for name in locked:
            yield failed(f"{name}: secrets", AccountLocked(account=name))

    async def _clocks(self) -> Finding:
        try:
            response = await self._http.head("/")
            there = parsedate_to_datetime(response.headers["date"]).timestamp()
        except (httpx.HTTPError, KeyError, ValueError):
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
        except GatewayError as exc:
            return failed(name, exc)
        found = Text(
            "已取得 access_token：AppID、AppSecret、IP 白名单都对",
            "got an access_token: AppID, AppSecret and whitelist are right",
        )
        return Finding(name, "ok", found)

    async def _permission(self, account: str) -> Finding:
        name = f"{account}: publish"
        try:
            if not await may_publish(self._call, account):
                return Finding(name, "warn", _DRAFTS_ONLY, _PUBLISH_BY_HAND)
        except GatewayError as exc:
            return failed(name, exc)
        return Finding(name, "ok", Text("可以用接口发布", "may publish by API"))


async def _probe(name: str, probe: Probe) -> Finding:
    try:
        return await probe()
    except GatewayError as exc:
        return failed(name, exc)
