from cache.tokens import AccessToken, Lease, TokensAway, TokenStore


class FallbackTokenStore:
    """The `shared` store while it answers, else `local`; never raises TokensAway.

    What is read from `shared` is kept in `local` too, so that an outage starts warm. When it comes
    back, empty or with an older token, the higher epoch wins on both sides.
    """

    def __init__(self, shared: TokenStore, local: TokenStore) -> None:
        self._shared = shared
        self._local = local

    async def get(self, app_id: str) -> AccessToken | None:
        """The newest token of both stores."""
        local = await self._local.get(app_id)
        try:
            shared = await self._shared.get(app_id)
            if local is not None and (shared is None or shared.epoch < local.epoch):
                await self._shared.put(app_id, local)
        except TokensAway:
            return local
        if shared is not None and (local is None or local.epoch < shared.epoch):
            await self._local.put(app_id, shared)
            return shared
        return local

    async def put(self, app_id: str, token: AccessToken) -> bool:
        """Keep `token` in both; False if either has a newer one."""
        try:
            if not await self._shared.put(app_id, token):
                return False
        except TokensAway:
            pass
        return await self._local.put(app_id, token)

    async def acquire(self, app_id: str, *, ttl_s: float, above: int) -> Lease | None:
        """A lease of all replicas, or of this process while they cannot agree."""
        try:
            return await self._shared.acquire(app_id, ttl_s=ttl_s, above=above)
        except TokensAway:
            return await self._local.acquire(app_id, ttl_s=ttl_s, above=above)

    async def release(self, app_id: str, lease: Lease) -> None:
        """Give the lease back to whom it came from."""
        await self._local.release(app_id, lease)
        try:
            await self._shared.release(app_id, lease)
        except TokensAway:
            return

    async def claim_force(self, app_id: str, *, gap_s: float) -> float:
        """As both stores say: one of them alone may have forgotten, or know nothing yet."""
        # Who has to wait here must not use up the turn of whoever does not.
        if wait_s := await self._local.claim_force(app_id, gap_s=gap_s):
            return wait_s
        try:
            return await self._shared.claim_force(app_id, gap_s=gap_s)
        except TokensAway:
            return 0.0
