from typing import Any, Literal

from pydantic import BaseModel, Field

from accounts.clients import ClientId, ClientSettings, Scope


class StoredSettings(ClientSettings):
    """What the store keeps of a client beside its keys."""

    signing: bool = Field(
        True, description="it may sign requests: its keys are kept sealed, not as digests alone"
    )

    def as_json(self) -> dict[str, Any]:
        """As it is stored, and logged."""
        return self.model_dump(mode="json")


class NewClient(StoredSettings):
    """A client to be made."""

    id: ClientId = Field(description="shown in logs and statistics")


class ClientChanges(StoredSettings):
    """What to change of a client; what is not named stays."""

    accounts: tuple[str, ...] = Field((), min_length=1, description="accounts it may use")
    scopes: frozenset[Scope] = Field(frozenset(), min_length=1, description="what it may do")
    disabled: bool = Field(False, description="refuse it until it is enabled again")


class KeyView(BaseModel):
    """A key as it may be shown: never the key itself."""

    id: str = Field(description="the first 8 digits of its SHA-256")
    hint: str = Field(description="its last characters")
    can_sign: bool
    created_at: str | None
    expires_at: str | None
    last_used_at: str | None
    last_used_ip: str | None


class ClientView(StoredSettings):
    """A client as it is shown."""

    id: str
    source: Literal["file", "store"]
    disabled: bool
    version: int
    created_at: str | None
    updated_at: str | None
    keys: list[KeyView]
