import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    StringConstraints,
    field_serializer,
    model_validator,
)

from accounts.keys import CLIENT_ID, KEY_PATTERN, digest_of, epoch_of
from cache.rates import RatesByPath, RateText
from core.clock import Clock
from core.errors import Category, GatewayError, Text


class Scope(StrEnum):
    """What a client may do; nothing that is not listed."""

    RELAY_READ = "relay:read"
    RELAY_WRITE = "relay:write"
    MATERIAL = "material"
    DRAFT = "draft"
    PUBLISH = "publish"
    MASS = "mass"
    TEMPLATES = "templates"
    STATS = "stats"
    NOTIFY = "notify"
    ADMIN = "admin"


class Enhance(StrEnum):
    """What may be done to what is relayed, on its way; nothing that is not asked for."""

    IMAGES = "images"
    LINT = "lint"
    EXPLAIN = "explain"  # of answers; the others look after drafts and uploads


class ClientSettings(BaseModel):
    """What a client may do, and how often: the same in the file and in the store."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    accounts: tuple[str, ...] = Field(min_length=1, description="names of the accounts it may use")
    scopes: frozenset[Scope] = Field(min_length=1, description="what it may do")
    allow_ips: tuple[IPvAnyNetwork, ...] = Field(
        (), description="CIDRs it may call from; empty: from anywhere"
    )
    rate_limit: RateText = Field("600/minute", description="calls over all endpoints")
    limits: RatesByPath = Field({}, description="calls by path, in place of those of [limits]")
    max_concurrent: int = Field(100, ge=1, le=10_000, description="calls at the same time")
    expires_at: AwareDatetime | None = Field(
        None, description="RFC 3339 with an offset; from then on the client is refused"
    )
    approve_publish: bool = Field(
        False, description="what it publishes waits until somebody else approves"
    )

    enhance: frozenset[Enhance] = Field(
        frozenset(),
        description="what is done to what it relays, unless a call says otherwise: images and lint"
        " (of drafts and uploads), explain (of WeChat's refusals)",
    )

    @field_serializer("scopes", when_used="json")
    def _scopes_in_order(self, scopes: frozenset[Scope]) -> list[Scope]:
        return sorted(scopes)

    @field_serializer("enhance", when_used="json")
    def _enhance_in_order(self, enhance: frozenset[Enhance]) -> list[Enhance]:
        return sorted(enhance)

    def may(self, *scopes: Scope) -> bool:
        """Whether the client holds at least one of `scopes`."""
        return not self.scopes.isdisjoint(scopes)


ClientId = Annotated[str, StringConstraints(pattern=f"^{CLIENT_ID.pattern}$")]


class Client(ClientSettings):
    """One caller of our API: an entry of `[[clients]]`, or one of the store without its keys."""

    id: ClientId = Field(description="shown in logs and statistics")
    # Empty only for clients of the store; the configuration is refused without it.
    key: SecretStr = Field(
        SecretStr(""), description="wxg_<id>_<random>; `wxgate init` makes one; or key_file"
    )
    previous_key: SecretStr = Field(
        SecretStr(""), description="the key before a rotation, taken until it is removed here"
    )

    @model_validator(mode="after")
    def _keys_name_the_client(self) -> Self:
        for name, key in (("key", self.key), ("previous_key", self.previous_key)):
            found = KEY_PATTERN.fullmatch(key.get_secret_value())
            if key.get_secret_value() and (found is None or found.group(1) != self.id):
                raise ValueError(
                    f"{name} 应形如 wxg_{self.id}_<至少 22 位随机字母数字> / "
                    f"{name} must look like wxg_{self.id}_<at least 22 random letters and digits>"
                )
        return self


class AuthError(GatewayError):
    """The caller could not be told, or may not do this."""

    status = 401
    category: ClassVar[Category] = "auth"


class KeyExpired(AuthError):
    """The right key, past its own end or its client's."""

    code = "auth_key_expired"
    errcode = 40125
    message = Text("客户端 {client} 的密钥已过期", "the key of client {client} is past its end")
    hint = Text(
        "请管理员延长有效期，或换发新密钥：wxgate clients rotate {client}",
        "ask your operator for more time or a new key: wxgate clients rotate {client}",
    )


class ClientDisabled(AuthError):
    """The right key of a client that is switched off."""

    code = "auth_client_disabled"
    errcode = 40125
    message = Text("客户端 {client} 已停用", "client {client} is disabled")
    hint = Text(
        "请管理员启用：wxgate clients enable {client}",
        "ask your operator to enable it: wxgate clients enable {client}",
    )


class Credential(NamedTuple):
    """A client, and what vouches for it."""

    client: Client
    digest: str  # of the key that it came with, or that its session was opened with
    session: str = ""  # the session's id, where there is one


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key of a client, as far as it is kept."""

    digest: str
    expires_at: float = math.inf  # Unix time, seconds
    value: bytes | None = field(default=None, repr=False)  # the key itself, where it must sign


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """A client with its keys, the newest first."""

    client: Client
    keys: tuple[HeldKey, ...]
    disabled: bool = False


class Clients:
    """All callers, found by id or by key: those of the file, and beside them those of the store.

    Where both name one id, the file's counts alone, keys and all.
    """

    def __init__(self, clients: Iterable[Client], *, clock: Clock = time.time) -> None:
        self._clock = clock
        self._stored: dict[str, ClientRecord] = {}
        self.replace_file(clients)

    def replace_file(self, clients: Iterable[Client]) -> None:
        """Let `clients` stand for all that came from the file before, at one stroke."""
        self._in_file = {client.id: _of_file(client) for client in clients}
        self._contents = _Contents({**self._stored, **self._in_file})

    def replace_stored(self, records: Iterable[ClientRecord]) -> None:
        """Let `records` stand for all that came from the store before, at one stroke."""
        self._stored = {record.client.id: record for record in records}
        self._contents = _Contents({**self._stored, **self._in_file})

    def in_file(self, client_id: str) -> bool:
        """Whether the client is one of the file, which the store cannot change."""
        return client_id in self._in_file

    def by_key(self, key: str) -> Credential | None:
        """Whom `key` speaks for, or None. Raises KeyExpired, ClientDisabled."""
        # Looked up by digest: the time of a dict look-up then tells nothing about the key.
        return self.by_digest(digest_of(key))

    def by_digest(self, digest: str) -> Credential | None:
        """Whom the key of that digest speaks for, or None. Raises KeyExpired, ClientDisabled."""
        if (found := self._contents.by_digest.get(digest)) is None:
            return None
        record, expires_at = found
        if record.disabled:
            raise ClientDisabled(client=record.client.id)
        if self._clock() >= expires_at:
            raise KeyExpired(client=record.client.id)
        return Credential(record.client, digest)

    def by_epoch(self, client_id: str, epoch: str) -> Credential | None:
        """The client while it is live and still has the key of `epoch`, else None."""
        for key in self._live_keys(client_id):
            if epoch_of(key.digest) == epoch:
                return Credential(self._contents.by_id[client_id].client, key.digest)
        return None

    def by_id(self, client_id: str) -> Client | None:
        """The client of that id while it is live, or None."""
        keys = self._live_keys(client_id)
        return self._contents.by_id[client_id].client if keys else None

    def signing_keys(self, client_id: str) -> list[bytes]:
        """The client's live keys, the newest first, as far as they are kept in the clear."""
        return [key.value for key in self._live_keys(client_id) if key.value is not None]

    def of_file(self) -> Iterable[ClientRecord]:
        """Those of the file, with their keys."""
        return self._in_file.values()

    def __iter__(self) -> Iterator[Client]:
        """All of them, those too that are not live."""
        return (record.client for record in self._contents.by_id.values())

    def _live_keys(self, client_id: str) -> list[HeldKey]:
        record = self._contents.by_id.get(client_id)
        if record is None or record.disabled:
            return []
        now = self._clock()
        if now >= _end_of(record.client):
            return []
        return [key for key in record.keys if now < key.expires_at]


class _Contents:
    """What is swapped as one, so that nobody sees half of a change."""

    def __init__(self, by_id: dict[str, ClientRecord]) -> None:
        self.by_id = by_id
        self.by_digest = {
            key.digest: (record, min(key.expires_at, _end_of(record.client)))
            for record in by_id.values()
            for key in record.keys
        }


def _of_file(client: Client) -> ClientRecord:
    keys = (client.key.get_secret_value(), client.previous_key.get_secret_value())
    return ClientRecord(
        client, tuple(HeldKey(digest_of(key), value=key.encode("ascii")) for key in keys if key)
    )


def _end_of(client: Client) -> float:
    return math.inf if client.expires_at is None else client.expires_at.timestamp()
