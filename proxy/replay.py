from typing import ClassVar

from cache.nonces import NoncesFull, NonceStore, Verdict
from cache.redis import RedisAway
from core.errors import Category, GatewayError, Text
from proxy.signature import SignatureRefused, SignedRequest


class Replayed(SignatureRefused):
    """A signed request that was taken before."""

    code = "auth_replay"
    message = Text("这个签名已经用过", "this signature was used before")
    hint = Text(
        "每次请求（包括重试）都要换 nonce 重新签名",
        "sign each request anew, a repeated one too, with another nonce",
    )


class Stale(SignatureRefused):
    """Signed before nonces began to be remembered: nobody can tell whether it was taken."""

    code = "auth_stale"
    retryable = True
    message = Text(
        "签名早于网关（或 Redis）的启动时间，无法判断是否用过",
        "signed before the gateway (or its Redis) was started, so it may have been used",
    )
    hint = Text("重新签名即可", "sign again")


class ReplayGuardUnavailable(GatewayError):
    """Nonces cannot be remembered now; a change might be made twice."""

    status = 503
    code = "replay_guard_unavailable"
    category: ClassVar[Category] = "system"
    retryable = True
    message = Text("暂时无法防重放，写操作被拒绝", "replays cannot be told now; writes are refused")
    hint = Text(
        "Redis 恢复后重新签名再发；急用可改用 Bearer 密钥",
        "sign again once Redis is back; meanwhile a bearer key works",
    )

    def __init__(self) -> None:
        super().__init__(retry_after_s=2)


class ReplayGuard:
    """Lets each signed request through once.

    With Redis away, reads are checked against this process's memory alone, and writes refused.
    """

    def __init__(self, local: NonceStore, shared: NonceStore | None = None) -> None:
        self._local = local
        self._shared = shared

    async def admit(self, signed: SignedRequest, *, write: bool) -> None:
        """Take the nonce. Raises Replayed, Stale, ReplayGuardUnavailable."""
        verdict = await self._take(signed, write=write)
        if verdict == "replay":
            raise Replayed
        if verdict == "stale":
            raise Stale

    async def _take(self, signed: SignedRequest, *, write: bool) -> Verdict:
        said = (signed.client_id, signed.nonce, signed.created)
        try:
            if self._shared is not None:
                try:
                    return await self._shared.take(*said)
                except RedisAway:
                    if write:
                        raise ReplayGuardUnavailable from None
            return await self._local.take(*said)
        except NoncesFull:
            raise ReplayGuardUnavailable from None
