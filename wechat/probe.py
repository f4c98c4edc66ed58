"""What WeChat lets an account do, as far as that can be asked without changing anything."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from wechat import draft, freepublish
from wechat.call import Call, QuotaClosed, WeChatRefused
from wechat.errcodes import NO_PERMISSION

SWITCH = "/cgi-bin/draft/switch"
QUOTA = "/cgi-bin/openapi/quota/get"
# What publishing hangs on; each costs a call.
QUOTA_PATHS = (
    draft.ADD,
    draft.BATCHGET,
    freepublish.SUBMIT,
    freepublish.GET,
    freepublish.BATCHGET,
)


class QuotaFigure(BaseModel):
    """WeChat's own figures of a path, at the time of the probe."""

    model_config = ConfigDict(frozen=True)

    daily_limit: int
    used: int
    remain: int


class Facts(BaseModel):
    """What was found out; None where it could not be."""

    model_config = ConfigDict(frozen=True)

    freepublish: bool | None = None
    draft_switch: bool | None = None
    quotas: dict[str, QuotaFigure] = {}

    @property
    def verified(self) -> Literal["likely", "unlikely", "unknown"]:
        """Whether the account is verified (认证): no call tells, so this is an inference.

        Since July 2025 accounts that are not verified get 48001 from freepublish.
        """
        if self.freepublish is None:
            return "unknown"
        return "likely" if self.freepublish else "unlikely"

    def over(self, earlier: "Facts | None") -> Self:
        """These facts, and the earlier ones where these know nothing."""
        if earlier is None:
            return self
        known = {name: value for name, value in self if value is not None}
        quotas = {**earlier.quotas, **self.quotas}
        return self.model_copy(update={**dict(earlier), **known, "quotas": quotas})


async def probe(call: Call, account: str) -> Facts:
    """Ask WeChat. Raises what stands in the way of any call, such as AccountMisconfigured."""
    try:
        publishes = await may_publish(call, account)
    except (WeChatRefused, QuotaClosed):
        publishes = None
    switch = await _told(call, account, SWITCH, {}, {"checkonly": "1"})  # without: on for good
    quotas = {path: await _quota(call, account, path) for path in QUOTA_PATHS}
    return Facts(
        freepublish=publishes,
        draft_switch=bool(switch["is_open"]) if "is_open" in switch else None,
        quotas={path: figure for path, figure in quotas.items() if figure is not None},
    )


async def may_publish(call: Call, account: str) -> bool:
    """Whether freepublish answers, or says 48001; costs one of the 100 batchget a day."""
    try:
        await freepublish.FreepublishClient(call).batchget(account, count=1, no_content=True)
    except WeChatRefused as refused:
        if refused.wechat_errcode == NO_PERMISSION:
            return False
        raise
    return True


async def _quota(call: Call, account: str, path: str) -> QuotaFigure | None:
    quota = (await _told(call, account, QUOTA, {"cgi_path": path}, {})).get("quota")
    figures = quota if isinstance(quota, dict) else {}
    limit, used, remain = (figures.get(name) for name in ("daily_limit", "used", "remain"))
    if not isinstance(limit, int) or not isinstance(used, int) or not isinstance(remain, int):
        return None
    # A limit of 0 would close the path, which is for WeChat's own 45009 to do.
    return QuotaFigure(daily_limit=limit, used=used, remain=remain) if limit > 0 else None


async def _told(
    call: Call, account: str, path: str, body: dict[str, Any], query: dict[str, str]
) -> dict[str, Any]:
    """The answer; empty where WeChat will not say."""
    try:
        return await call.post(account, path, body, query=query)
    except (WeChatRefused, QuotaClosed):
        return {}
