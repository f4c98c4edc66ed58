from contextlib import suppress

from cache.tokens import AccessToken, Lease, TokensAway, TokenStore


class BackedTokenStore:
    """The quick `first` store, and `backing` for when that is away or has forgotten.

    Both are shared by all processes, and whichever of them a process cannot reach, another may:
    what is written goes to both, and a lease is had of both. What is read comes from `first`, if it
    has a token. Raises TokensAway if neither answers.
    """

    def __init__(self, first: TokenStore, backing: TokenStore) -> None:
        self._first = first
        self._backing = backing

    async def get(self, app_id: str) -> AccessToken | None:
        """The token of `first`; one that it has forgotten is told to it again."""
        try:
            found = await self._first.get(app_id)
        except TokensAway:
            return await self._backing.get(app_id)
        return found or await self._told_again(app_id)

    async def _told_again(self, app_id: str) -> AccessToken | None:
        with suppress(TokensAway):
            kept = await self._backing.get(app_id)
            if kept is not None:
                await self._first.put(app_id, kept)
            return kept
        return None

    async def put(self, app_id: str, token: AccessToken) -> bool:
        """Keep `token` in both; False if either has a newer one."""
        try:
            if not await self._first.put(app_id, token):
                return False
        except TokensAway:
            return await self._backing.put(app_id, token)
        with suppress(TokensAway):
            if not await self._backing.put(app_id, token):
                # Who reads `first` must not go on with the older one.
                await self._told_again(app_id)
                return False
        return True

    async def acquire(self, app_id: str, *, ttl_s: float, above: int) -> Lease | None:
        """A lease of both, as far as they are there."""
        try:
            first = await self._first.acquire(app_id, ttl_s=ttl_s, above=above)
        except TokensAway:
            return await self._backing.acquire(app_id, ttl_s=ttl_s, above=above)
        return None if first is None else await self._joined(app_id, first, ttl_s)

    async def _joined(self, app_id: str, first: Lease, ttl_s: float) -> Lease | None:
        held = first
        try:
            # Never below the epoch of `first`, which had to be above `above` too.
            second = await self._backing.acquire(app_id, ttl_s=ttl_s, above=first.epoch - 1)
            if second is None:  # somebody has it who does not see `first`
                with suppress(TokensAway):
                    await self._first.release(app_id, first)
                return None
            held = Lease(f"{first.owner}/{second.owner}", second.epoch)
            # What was fetched while `first` was away may be newer than what it has.
            await self._told_again(app_id)
        except TokensAway:
            return first
        except BaseException:  # a process that ends: nobody else could give it back
            await self.release(app_id, held)
            raise
        return held

    async def release(self, app_id: str, lease: Lease) -> None:
        """Give the lease back to those it came from; where one is away, it ends by itself."""
        first, _, second = lease.owner.partition("/")
        for store, owner in ((self._first, first), (self._backing, second or first)):
            with suppress(TokensAway):
                await store.release(app_id, lease._replace(owner=owner))

    async def claim_force(self, app_id: str, *, gap_s: float) -> float:
        """As both say: either may have forgotten."""
        try:
            if wait_s := await self._first.claim_force(app_id, gap_s=gap_s):
                return wait_s
        except TokensAway:
            return await self._backing.claim_force(app_id, gap_s=gap_s)
        with suppress(TokensAway):
            return await self._backing.claim_force(app_id, gap_s=gap_s)
        return 0.0
