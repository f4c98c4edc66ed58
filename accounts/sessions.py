import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from accounts.audit import AuditLog
from accounts.clients import AuthError, Client, Clients, Credential
from accounts.edits import Editor
from accounts.keys import epoch_of
from accounts.session_tokens import ACCESS_S, SessionInvalid, SessionTokens
from core.clock import Clock
from core.errors import Text
from core.ids import new_id
from store import revisions
from store import sessions as rows
from store.engine import Database
from store.sessions import RefreshRow, SessionRow

SESSION_S = 30 * 86_400
_DAY_S = 86_400
_REFRESH_BYTES = 32


class SessionEnded(AuthError):
    """The session was revoked, or its client or key is gone."""

    code = "auth_session_ended"
    errcode: ClassVar[int] = 42001
    message = Text("会话已结束", "the session has ended")
    hint = Text(
        "用 client_id 和 client_secret 重新登录：POST /v1/auth/token",
        "log in again by client_id and client_secret: POST /v1/auth/token",
    )


class RefreshInvalid(AuthError):
    """A refresh token that is not ours."""

    code = "refresh_invalid"
    message = Text("refresh_token 无效", "the refresh_token is invalid")
    hint = SessionEnded.hint


class RefreshReused(AuthError):
    """A refresh token came a second time: somebody has a copy, so the session is ended."""

    code = "refresh_reused"
    message = Text(
        "refresh_token 被重复使用，整个会话已结束",
        "the refresh_token was used before; the whole session is ended",
    )
    hint = Text(
        "令牌可能泄露：请重新登录，每个 refresh_token 只用一次",
        "it may have leaked: log in again, and use each refresh_token once",
    )


@dataclass(frozen=True, slots=True)
class Grant:
    """What a session's holder gets."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int = ACCESS_S


class Origin(NamedTuple):
    """Where a request came from, for the audit log."""

    request_id: str | None
    ip: str | None


class Sessions:
    """Logins by client key, for callers that do not want to send the key with each request.

    The JWT of a session is judged in memory: its seal, and that neither session, client nor key
    has ended since. A refresh token works once and is kept as a digest; one that comes twice ends
    its session. A session lasts SESSION_S at most.
    """

    def __init__(
        self,
        database: Database,
        clients: Clients,
        tokens: SessionTokens,
        audit: AuditLog,
        *,
        clock: Clock = time.time,
    ) -> None:
        self._database = database
        self._clients = clients
        self._tokens = tokens
        self._audit = audit
        self._clock = clock
        self._revoked: set[str] = set()

    async def load(self) -> None:
        """Read which sessions were revoked, as long as anything made by them could live."""
        async with self._database.read() as connection:
            self._revoked = await rows.revoked(connection, since=self._clock() - _DAY_S)

    def __contains__(self, session: object) -> bool:
        """Whether the session was revoked."""
        return session in self._revoked

    def credential(self, token: str) -> Credential:
        """Whom a JWT speaks for, without I/O. Raises SessionInvalid, -Expired, -Ended."""
        claims = self._tokens.read(token)
        credential = self._clients.by_epoch(claims.client_id, claims.epoch)
        if credential is None or claims.session in self._revoked:
            raise SessionEnded
        return credential._replace(session=claims.session)

    async def open(self, credential: Credential) -> Grant:
        """A new session of whoever showed the key of `credential`."""
        now = self._clock()
        client, digest, _ = credential
        session = SessionRow(new_id("ses"), client.id, digest, now, now + SESSION_S)
        async with self._database.write() as connection:
            await rows.purge(connection, before=now - _DAY_S)
            await rows.insert(connection, session)
            return await self._grant(connection, session)

    async def holder(self, refresh_token: str) -> Client:
        """Whose session `refresh_token` would go on with. Raises RefreshInvalid, SessionEnded."""
        async with self._database.read() as connection:
            session = await rows.of_refresh(connection, _digest(refresh_token))
        if session is None:
            raise RefreshInvalid
        return self._live(session)

    async def refresh(self, refresh_token: str, came: Origin) -> Grant:
        """New tokens for the old one. Raises RefreshInvalid, RefreshReused, SessionEnded."""
        digest, now = _digest(refresh_token), self._clock()
        async with self._database.write() as connection:
            session = await rows.of_refresh(connection, digest)
            if session is None:
                raise RefreshInvalid
            self._live(session)
            if await rows.use_refresh(connection, digest, now):
                return await self._grant(connection, session)
            await self._end(connection, session, came, reason="refresh token reused")
        # Only now: raised inside of the transaction, it would take the end of the session back.
        self._revoked.add(session.id)
        raise RefreshReused

    async def revoke(self, token: str, came: Origin) -> bool:
        """End the session of a JWT, even an expired one, or of a refresh token; False if none."""
        async with self._database.write() as connection:
            session = await self._session_of(connection, token)
            if session is None or session.revoked_at is not None:
                return False
            await self._end(connection, session, came, reason="logout")
        self._revoked.add(session.id)
        return True

    async def _session_of(self, connection: AsyncConnection, token: str) -> SessionRow | None:
        try:
            session_id = self._tokens.read(token, even_expired=True).session
        except SessionInvalid:
            return await rows.of_refresh(connection, _digest(token))
        return await rows.find(connection, session_id)

    async def _grant(self, connection: AsyncConnection, session: SessionRow) -> Grant:
        refresh = f"wxgr_{secrets.token_urlsafe(_REFRESH_BYTES)}"
        row = RefreshRow(_digest(refresh), session.id, self._clock())
        await rows.insert_refresh(connection, row)
        access = self._tokens.make(session.client_id, session.id, epoch_of(session.key_digest))
        return Grant(access, refresh)

    def _live(self, session: SessionRow) -> Client:
        credential = self._clients.by_epoch(session.client_id, epoch_of(session.key_digest))
        ended = session.revoked_at is not None or self._clock() >= session.expires_at
        if credential is None or ended:
            raise SessionEnded
        return credential.client

    async def _end(
        self, connection: AsyncConnection, session: SessionRow, came: Origin, *, reason: str
    ) -> None:
        if await rows.revoke(connection, session.id, self._clock()):
            await revisions.bump(connection, revisions.SESSIONS)
            detail = {"session": session.id, "reason": reason}
            holder = Editor(f"client:{session.client_id}", came.request_id, came.ip)
            entry = holder.did("session.revoke", session.client_id, detail)
            await self._audit.append(connection, entry)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
