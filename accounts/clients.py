import hashlib
import ipaddress
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Annotated, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)

# `wxg_<id>_<random>`: split at the second underscore (an id has none); ≥128 random bits.
KEY_PATTERN = re.compile(r"wxg_([a-z0-9-]{1,32})_([A-Za-z0-9_-]{22,})")


class Scope(StrEnum):
    """What a client may do; nothing that is not listed."""

    RELAY_READ = "relay:read"
    RELAY_WRITE = "relay:write"
    MATERIAL = "material"
    DRAFT = "draft"
    PUBLISH = "publish"
    MASS = "mass"
    STATS = "stats"
    NOTIFY = "notify"
    ADMIN = "admin"


class Client(BaseModel):
    """One caller of our API: an entry of `[[clients]]`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")] = Field(
        description="shown in logs and statistics"
    )
    key: SecretStr = Field(description="wxg_<id>_<random>; `wxgate init` makes one; or key_file")
    accounts: tuple[str, ...] = Field(min_length=1, description="names of the accounts it may use")
    scopes: frozenset[Scope] = Field(min_length=1, description="what it may do")
    allow_ips: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = Field(
        (), description="CIDRs it may call from; empty: from anywhere"
    )
    rate_limit: str = Field("600/minute", description="calls over all endpoints")
    limits: dict[str, str] = Field({}, description="calls by path, in place of those of [limits]")
    max_concurrent: int = Field(100, ge=1, le=10_000, description="calls at the same time")
    previous_key: SecretStr = Field(
        SecretStr(""), description="the key before a rotation, taken until it is removed here"
    )
    expires_at: AwareDatetime | None = Field(
        None, description="RFC 3339 with an offset; from then on the client is refused"
    )
    approve_publish: bool = Field(
        False, description="what it publishes waits until somebody else approves"
    )

    @model_validator(mode="after")
    def _key_names_the_client(self) -> Self:
        found = KEY_PATTERN.fullmatch(self.key.get_secret_value())
        if found is None or found.group(1) != self.id:
            raise ValueError(
                f"key 应形如 wxg_{self.id}_<至少 22 位随机字母数字> / "
                f"key must look like wxg_{self.id}_<at least 22 random letters and digits>"
            )
        return self

    def may(self, *scopes: Scope) -> bool:
        """Whether the client holds at least one of `scopes`."""
        return not self.scopes.isdisjoint(scopes)


class Clients:
    """The configured callers, found by id or by key."""

    def __init__(self, clients: Iterable[Client]) -> None:
        self._by_id = {client.id: client for client in clients}
        # Looked up by digest: the time of a dict look-up then tells nothing about the key.
        self._by_digest = {
            _digest(client.key.get_secret_value()): client for client in self._by_id.values()
        }

    def by_key(self, key: str) -> Client | None:
        """The client that holds `key`, or None."""
        return self._by_digest.get(_digest(key))

    def by_id(self, client_id: str) -> Client | None:
        """The client of that id, or None."""
        return self._by_id.get(client_id)

    def __iter__(self) -> Iterator[Client]:
        return iter(self._by_id.values())


def shows_key(text: str) -> bool:
    """Whether something that looks like a client key stands anywhere in `text`."""
    return "wxg_" in text and KEY_PATTERN.search(text) is not None


def key_epoch(client: Client) -> str:
    """Eight characters that change with the client's key; virtual tokens carry them."""
    return _digest(client.key.get_secret_value())[:8]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
