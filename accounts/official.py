import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from core.errors import GatewayError, Text

AccountName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
_APP_ID = re.compile(r"wx[0-9a-zA-Z]{16}")


class OfficialAccount(BaseModel):
    """One official account (公众号): an entry of `[[accounts]]`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: AccountName = Field(description="our short name for it, used in URLs")
    app_id: Annotated[str, StringConstraints(pattern=r"^wx[0-9a-zA-Z]{16}$")] = Field(
        description="AppID, from 微信开发者平台 → 公众号 → 开发密钥"
    )
    app_secret: SecretStr = Field(min_length=1, description="AppSecret; or app_secret_file")
    callback_token: SecretStr = Field(SecretStr(""), description="Token of the message push")
    encoding_aes_key: SecretStr = Field(SecretStr(""), description="EncodingAESKey of the push")
    rate_limit: str = Field("", description="calls over all clients and endpoints; empty: any")
    limits: dict[str, str] = Field({}, description="calls by path, over all clients")
    max_concurrent: int = Field(200, ge=1, le=10_000, description="calls at the same time")
    quotas: dict[str, int] = Field(
        {}, description="calls a day by path, where WeChat grants other than its usual figures"
    )

    @model_validator(mode="after")
    def _name_is_nobody_elses_app_id(self) -> Self:
        if _APP_ID.fullmatch(self.name) and self.name != self.app_id:
            raise ValueError(
                "name 不能形如别的公众号的 AppID / name must not look like another account's AppID"
            )
        return self


class UnknownAccount(GatewayError):
    """The caller named an account that is not configured, or that it may not use."""

    status = 404
    code = "account_unknown"
    category = "params"
    errcode = 40013
    message = Text("没有这个公众号：{account}", "no such account: {account}")
    hint = Text(
        "检查 AppID 或账号名；账号须写在 [[accounts]] 里，并列在该客户端的 accounts 中",
        "check the AppID or name; it must stand in [[accounts]] and in the client's accounts",
    )


class Accounts:
    """The official accounts this gateway serves, found by name or by AppID."""

    def __init__(self, accounts: Iterable[OfficialAccount]) -> None:
        self._by_name = {account.name: account for account in accounts}
        self._by_app_id = {account.app_id: account for account in self._by_name.values()}

    def get(self, name_or_app_id: str) -> OfficialAccount:
        """The account. Raises UnknownAccount."""
        by = self._by_app_id if _APP_ID.fullmatch(name_or_app_id) else self._by_name
        if (account := by.get(name_or_app_id)) is None:
            raise UnknownAccount(account=name_or_app_id[:64])
        return account

    def __iter__(self) -> Iterator[OfficialAccount]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)
