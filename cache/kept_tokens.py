import asyncio
import os
import time
from dataclasses import asdict
from pathlib import Path

import orjson
import structlog

from cache.sealed_tokens import Seal
from cache.tokens import AccessToken, Lease, TokenStore
from core.clock import Clock

log = structlog.get_logger(__name__)

_AAD = b"wxgate kept tokens v1"


class KeptTokenStore:
    """A TokenStore of one process whose tokens outlive it, sealed in a file.

    A restart, or a container that crashes in a loop, then costs no token call. The file is a
    convenience: one that is missing, damaged or of another master key counts as empty.
    """

    def __init__(
        self, local: TokenStore, path: Path, seal: Seal, *, clock: Clock = time.time
    ) -> None:
        self._local = local
        self._path = path
        self._seal = seal
        self._clock = clock
        self._kept: dict[str, AccessToken] = {}
        self._writing = asyncio.Lock()

    async def load(self) -> None:
        """Take over the tokens of the process before."""
        sealed = await asyncio.to_thread(_read, self._path)
        opened = self._seal.open(sealed, aad=_AAD) if sealed else None
        if opened is None:
            return
        for app_id, fields in orjson.loads(opened).items():
            token = AccessToken(**fields)
            if self._clock() < token.expires_at and await self._local.put(app_id, token):
                self._kept[app_id] = token

    async def get(self, app_id: str) -> AccessToken | None:
        """The newest token that has not expired."""
        return await self._local.get(app_id)

    async def put(self, app_id: str, token: AccessToken) -> bool:
        """Keep `token`, unless a newer one is there."""
        if not await self._local.put(app_id, token):
            return False
        self._kept[app_id] = token
        async with self._writing:
            now = self._clock()
            fresh = {key: asdict(kept) for key, kept in self._kept.items() if now < kept.expires_at}
            sealed = self._seal.seal(orjson.dumps(fresh), aad=_AAD)
            try:
                await asyncio.to_thread(_replace, self._path, sealed)
            except OSError as exc:
                log.warning("tokens not kept for the next start", reason=exc.strerror)
        return True

    async def acquire(self, app_id: str, *, ttl_s: float, above: int) -> Lease | None:
        """A lease, or None while another task holds it."""
        return await self._local.acquire(app_id, ttl_s=ttl_s, above=above)

    async def release(self, app_id: str, lease: Lease) -> None:
        """Give the lease back, if it is still held."""
        await self._local.release(app_id, lease)

    async def claim_force(self, app_id: str, *, gap_s: float) -> float:
        """0 for the one that may force a new token now, else the seconds left of the gap."""
        return await self._local.claim_force(app_id, gap_s=gap_s)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _replace(path: Path, content: bytes) -> None:
    """Write the file whole or not at all."""
    # Of its own: processes that share a data_dir would mix what they write into one.
    draft = path.with_name(f"{path.name}.{os.urandom(8).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
