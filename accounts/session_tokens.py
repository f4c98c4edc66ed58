import re
import time
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import jwt
from cachetools import LRUCache
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from accounts.clients import AuthError
from core.clock import Clock
from core.errors import Text

ACCESS_S = 3_600
_ALGORITHM = "HS256"
_ISSUER = _AUDIENCE = "wxgate"
_KEY_BYTES = 32
# Long enough for ours. What is longer is not worth parsing: JSON can be nested deeply.
_MAX_CHARS = 1_024
_MAX_HEADER_CHARS = 128
_FORM = re.compile(r"([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_HEADER_NAMES = frozenset({"alg", "typ", "kid"})
_TEXTS = ("sub", "sid", "epo")
_TIMES = ("iat", "exp")
_REMEMBERED = 1_024  # tokens whose seal need not be checked again
_CLOCK_SKEW_S = 60  # between two replicas


class SessionInvalid(AuthError):
    """A JWT that is not ours, or not as we make them."""

    code = "auth_session_invalid"
    errcode: ClassVar[int] = 42001
    message = Text("会话令牌无效", "the session's token is invalid")
    hint = Text("向 POST /v1/auth/token 重新获取", "get a new one from POST /v1/auth/token")


class SessionExpired(AuthError):
    """A JWT of ours past its hour."""

    code = "auth_session_expired"
    errcode: ClassVar[int] = 42001
    message = Text("会话令牌已过期", "the session's token has expired")
    hint = Text(
        "用 refresh_token 请求 POST /v1/auth/refresh",
        "send the refresh_token to POST /v1/auth/refresh",
    )


class SessionClaims(NamedTuple):
    """What the JWT of a session says."""

    client_id: str
    session: str
    epoch: str  # of the client key that the session was opened with
    expires_at: int


class SessionTokens:
    """Makes and reads the JWTs of sessions: HS256 under keys that come of the master key.

    Narrower than the standard on purpose. A token is ours only as we make them: this header and
    no other (no `crit`, `jku`, `b64`), a `kid` that we know, every claim there, times as integers.
    """

    def __init__(self, master_key: bytes, *, clock: Clock = time.time) -> None:
        # By kid. A second one is for the day on which the way of deriving changes.
        self._keys: Mapping[str, bytes] = {"1": _derived(master_key)}
        self._clock = clock
        self._seen: LRUCache[str, SessionClaims] = LRUCache(_REMEMBERED)

    def make(self, client_id: str, session: str, epoch: str) -> str:
        """A token for the next ACCESS_S seconds."""
        now = int(self._clock())
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": client_id,
            "sid": session,
            "epo": epoch,
            "iat": now,
            "exp": now + ACCESS_S,
        }
        kid, key = next(iter(self._keys.items()))
        return jwt.encode(claims, key, _ALGORITHM, headers={"kid": kid})

    def read(self, token: str, *, even_expired: bool = False) -> SessionClaims:
        """What `token` says. Raises SessionInvalid, SessionExpired."""
        claims = self._seen.get(token)
        if claims is None:
            claims = self._seen[token] = self._judged(self._verified(token))
        if self._clock() >= claims.expires_at and not even_expired:
            raise SessionExpired
        return claims

    def _verified(self, token: str) -> dict[str, Any]:
        key = self._key_of(token)
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                # Times are judged below: by our clock, and as integers alone.
                options={
                    "require": ["iss", "aud", *_TEXTS, *_TIMES],
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except jwt.PyJWTError:
            raise SessionInvalid from None

    def _key_of(self, token: str) -> bytes:
        form = _FORM.fullmatch(token) if len(token) <= _MAX_CHARS else None
        if form is None or len(form.group(1)) > _MAX_HEADER_CHARS:
            raise SessionInvalid
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise SessionInvalid from None
        kid = header.get("kid")
        if not _HEADER_NAMES.issuperset(header) or not isinstance(kid, str):
            raise SessionInvalid
        if (key := self._keys.get(kid)) is None:
            raise SessionInvalid
        return key

    def _judged(self, claims: Mapping[str, Any]) -> SessionClaims:
        texts = [claims[name] for name in _TEXTS]
        times = [claims[name] for name in (*_TIMES, "nbf") if name in claims]
        # By type, not isinstance: true is an int to Python.
        if {type(each) for each in texts} != {str} or {type(each) for each in times} != {int}:
            raise SessionInvalid
        now = self._clock()
        if min(times) < 0 or max(claims["iat"], claims.get("nbf", 0)) > now + _CLOCK_SKEW_S:
            raise SessionInvalid
        if claims["exp"] - claims["iat"] > ACCESS_S:
            raise SessionInvalid
        return SessionClaims(claims["sub"], claims["sid"], claims["epo"], claims["exp"])


def _derived(master_key: bytes) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"wxgate session jwt v1").derive(master_key)
