from typing import Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Scope
from accounts.official import OfficialAccount
from core.clock import rfc3339
from handlers.guard import require_scope
from proxy.capabilities import Capabilities, Kept, Prober
from proxy.quota import QuotaLedger
from wechat.probe import Facts, QuotaFigure


class CapabilityView(BaseModel):
    """What WeChat lets an account do; null where that could not be found out."""

    freepublish: bool | None = Field(description="may publish by API")
    draft_switch: bool | None = Field(description="the draft box is switched on")
    verified: Literal["likely", "unlikely", "unknown"] = Field(
        description="concluded from freepublish: no call of WeChat's tells (unconfirmed)"
    )
    quotas: dict[str, QuotaFigure] = Field(description="WeChat's own figures at that time")
    checked_at: str | None
    error: str | None = Field(description="why the last probe failed; what is shown is older")


def capability_view(kept: Kept) -> CapabilityView:
    """What is kept, as it is shown."""
    facts = kept.facts or Facts()
    return CapabilityView(
        freepublish=facts.freepublish,
        draft_switch=facts.draft_switch,
        verified=facts.verified,
        quotas=facts.quotas,
        checked_at=None if kept.checked_at is None else rfc3339(kept.checked_at),
        error=kept.error or None,
    )


class AccountFacts:
    """What is known of accounts beside their settings."""

    def __init__(self, capabilities: Capabilities, quota: QuotaLedger) -> None:
        self._capabilities = capabilities
        self._quota = quota

    def capabilities(self, app_id: str) -> CapabilityView | None:
        """What the account may do; None before the first probe."""
        kept = self._capabilities.get(app_id)
        return None if kept is None else capability_view(kept)

    def remaining(self, account: OfficialAccount) -> dict[str, int]:
        """Calls left today by path, where WeChat's quota is known."""
        left = {path: self._quota.remaining(account, path) for path in self._quota.paths(account)}
        return {path: n for path, n in left.items() if n is not None}


class ProbeHandler:
    """Asks WeChat what an account may do, for clients with the scope admin."""

    def __init__(self, prober: Prober) -> None:
        self._prober = prober

    async def probe(self, request: Request) -> Response:
        """What was found out."""
        require_scope(request, Scope.ADMIN)
        kept = await self._prober.probe(request.path_params["name"])
        return JSONResponse(capability_view(kept).model_dump())
