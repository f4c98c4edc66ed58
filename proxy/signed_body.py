import hashlib

from core.errors import GatewayError
from proxy.body import BodyReader, MemoryBody, Receive, StoredBody
from proxy.replay import ReplayGuard
from proxy.request import Inbound
from proxy.signature import SignedRequest


class SignedBodies:
    """Reads bodies, and lets those of signed requests through only if they were signed, once.

    The whole body is there and verified, and the nonce taken, before anybody sees a byte of it.
    """

    def __init__(self, bodies: BodyReader, replays: ReplayGuard) -> None:
        self._bodies = bodies
        self._replays = replays

    async def read(
        self, request: Inbound, receive: Receive, signed: SignedRequest | None, *, write: bool
    ) -> StoredBody | None:
        """The body, or None if the request has none.

        Raises what BodyReader.read does, DigestWrong, and what ReplayGuard.admit does.
        """
        if signed is None:
            return await self._bodies.read(request, receive)
        sha256 = hashlib.sha256()
        body = await self._bodies.read(request, receive, sha256.update)
        try:
            await self._admit(signed, sha256.digest(), write=write)
        except GatewayError:
            if body is not None:
                body.close()
            raise
        return body

    async def keep(self, data: bytes) -> StoredBody:
        """As BodyReader.keep."""
        return await self._bodies.keep(data)

    async def read_small(
        self, request: Inbound, receive: Receive, signed: SignedRequest | None, *, write: bool
    ) -> MemoryBody | None:
        """The same for a body that says who is calling, as BodyReader.read_small."""
        body = await self._bodies.read_small(request, receive)
        if signed is not None:
            data = b"" if body is None else body.data
            await self._admit(signed, hashlib.sha256(data).digest(), write=write)
        return body

    async def _admit(self, signed: SignedRequest, sha256: bytes, *, write: bool) -> None:
        signed.check_body(sha256)
        await self._replays.admit(signed, write=write)
