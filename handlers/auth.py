from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from accounts.clients import Client
from accounts.sessions import Grant, Origin, Sessions
from handlers.bodies import read_model
from handlers.errors import request_id_of
from proxy.auth import Authenticator, check_ip

_MAX_BYTES = 10_000


class Login(BaseModel):
    """A client shows its key."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    client_id: str = Field(max_length=64)
    client_secret: str = Field(max_length=512, description="the client key, wxg_…")


class Refresh(BaseModel):
    """A session goes on."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    refresh_token: str = Field(max_length=512)


class Revoke(BaseModel):
    """A session ends."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: str = Field(max_length=2_048, description="its access_token or refresh_token")


class TokenAnswer(BaseModel):
    """What a session's holder calls with, and goes on with after `expires_in` seconds."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


class RevokeAnswer(BaseModel):
    """Whether there was a session to end."""

    revoked: bool


class AuthHandler:
    """Sessions for callers that do not want to send their key with each request."""

    def __init__(self, sessions: Sessions, authenticator: Authenticator) -> None:
        self._sessions = sessions
        self._authenticator = authenticator

    async def token(self, request: Request) -> Response:
        """A new session for client_id and client_secret."""
        login = await read_model(request, Login, max_bytes=_MAX_BYTES)
        credential = self._authenticator.login(request.scope, login.client_id, login.client_secret)
        _met(request, credential.client)
        return _granted(await self._sessions.open(credential))

    async def refresh(self, request: Request) -> Response:
        """New tokens for a refresh token, which works once."""
        token = (await read_model(request, Refresh, max_bytes=_MAX_BYTES)).refresh_token
        client = await self._sessions.holder(token)
        check_ip(client, _peer(request))
        _met(request, client)
        return _granted(await self._sessions.refresh(token, _origin(request)))

    async def revoke(self, request: Request) -> Response:
        """The end of a session; whoever holds one of its tokens may end it."""
        token = (await read_model(request, Revoke, max_bytes=_MAX_BYTES)).token
        ended = await self._sessions.revoke(token, _origin(request))
        return JSONResponse(RevokeAnswer(revoked=ended).model_dump())


def _granted(grant: Grant) -> Response:
    answer = TokenAnswer(
        access_token=grant.access_token,
        token_type="Bearer",  # noqa: S106 - a kind of token, not one
        expires_in=grant.expires_in,
        refresh_token=grant.refresh_token,
    )
    # RFC 6749 §5.1
    return JSONResponse(answer.model_dump(), headers={"Cache-Control": "no-store"})


def _met(request: Request, client: Client) -> None:
    request.state.client_id = client.id  # for the access line


def _peer(request: Request) -> str | None:
    return request.client.host if request.client else None


def _origin(request: Request) -> Origin:
    return Origin(request_id_of(request), _peer(request))
