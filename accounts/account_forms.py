from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from accounts.account_errors import AccountInvalid
from accounts.official import OfficialAccount


class AccountChanges(BaseModel):
    """What to change of an account; what is not named stays. Name and AppID never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    app_secret: SecretStr = Field(SecretStr(""), min_length=1, description="a new AppSecret")
    callback_token: SecretStr = Field(SecretStr(""), description="Token of the message push")
    previous_callback_token: SecretStr = Field(SecretStr(""), description="the Token before")
    encoding_aes_key: SecretStr = Field(SecretStr(""), description="EncodingAESKey of the push")
    previous_encoding_aes_key: SecretStr = Field(SecretStr(""), description="the one before")
    rate_limit: str = Field("", description="calls over all clients and endpoints; empty: any")
    limits: dict[str, str] = Field({}, description="calls by path, over all clients")
    max_concurrent: int = Field(200, description="calls at the same time")
    quotas: dict[str, int] = Field({}, description="calls a day by path")
    words: list[str] = Field([], description="sensitive words, as lines of a word list")


class SecretView(BaseModel):
    """A secret as it may be shown: never the secret itself."""

    set: bool
    fingerprint: str | None = Field(description="8 digits of its HMAC under the master key")


class AccountView(BaseModel):
    """An account as it is shown."""

    name: str
    app_id: str
    source: Literal["file", "store"]
    state: Literal["active", "locked", "shadowed"] = Field(
        description="locked: its secrets do not open; shadowed: the file has its name or AppID"
    )
    app_secret: SecretView
    callback_token: SecretView
    previous_callback_token: SecretView
    encoding_aes_key: SecretView
    previous_encoding_aes_key: SecretView
    rate_limit: str
    limits: dict[str, str]
    max_concurrent: int
    quotas: dict[str, int]
    words: list[str] = []  # rows of earlier versions have none
    version: int = Field(description="grows with each change; 0 in the file")
    created_at: str | None
    updated_at: str | None


def checked(fields: dict[str, Any]) -> OfficialAccount:
    """The account that `fields` make. Raises AccountInvalid, naming the field."""
    try:
        return OfficialAccount.model_validate(fields)
    except ValidationError as exc:
        fault = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in fault["loc"])[:64]
    raise AccountInvalid(field=field or None, reason=f"{field}: {fault['msg']}")
