import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)

from cache.rates import RatesByPath, RateText
from core.errors import GatewayError, Text

# A line of a word list, see content/words/entries.py: word, level, replacement.
_WORD_LINE = r"^[^\t\r\n#][^\t\r\n]{0,99}(\t(block|warn|allow|replace(\t[^\t\r\n]{0,100})?))?$"
AccountName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
# With the "=" that WeChat leaves out, base64 of 32 bytes.
_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
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
    previous_callback_token: SecretStr = Field(
        SecretStr(""), description="the Token before, taken too while it is being changed"
    )
    encoding_aes_key: SecretStr = Field(
        SecretStr(""),
        description="EncodingAESKey of the push; once set, pushes in plain are refused",
    )
    previous_encoding_aes_key: SecretStr = Field(
        SecretStr(""), description="the EncodingAESKey before, taken too while it is being changed"
    )
    rate_limit: RateText = Field("", description="calls over all clients and endpoints; empty: any")
    limits: RatesByPath = Field({}, description="calls by path, over all clients")
    max_concurrent: int = Field(200, ge=1, le=10_000, description="calls at the same time")
    quotas: dict[str, Annotated[int, Field(ge=1, le=1_000_000_000)]] = Field(
        {}, description="calls a day by path, where WeChat grants other than its usual figures"
    )
    words: tuple[Annotated[str, StringConstraints(pattern=_WORD_LINE)], ...] = Field(
        (),
        max_length=2_000,
        description="sensitive words in its articles, as lines of a word list: word, or with tabs"
        " word, level and replacement",
    )

    @field_validator("encoding_aes_key", "previous_encoding_aes_key")
    @classmethod
    def _is_an_aes_key(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _AES_KEY.fullmatch(value.get_secret_value()):
            raise ValueError("应为 43 个字母或数字 / must be 43 letters and digits")
        return value

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
        "检查 AppID 或账号名（wxgate accounts list）；它也须列在该客户端的 accounts 中",
        "check the AppID or name (wxgate accounts list); the client's accounts must hold it too",
    )


class AccountLocked(GatewayError):
    """The account stands in the store, and its secrets do not open."""

    status = 503
    code = "account_locked"
    category = "system"
    level = "critical"
    message = Text(
        "公众号 {account} 已锁定：主密钥解不开它存着的密钥",
        "account {account} is locked: the master key does not open its stored secrets",
    )
    hint = Text(
        "换回当时的 master.key；或 wxgate accounts reseal --old-key-file 旧密钥；"
        "或 wxgate accounts set-secret {account} 重新录入",
        "put the master.key of that time back; or run wxgate accounts reseal --old-key-file OLD; "
        "or enter the secret again with wxgate accounts set-secret {account}",
    )


class Accounts:
    """All official accounts, found by name or by AppID: those of the file, and of the store.

    Where both have one name or one AppID, the file's counts alone.
    """

    def __init__(self, accounts: Iterable[OfficialAccount]) -> None:
        self._stored: tuple[OfficialAccount, ...] = ()
        self._locked: tuple[tuple[str, str], ...] = ()
        self.replace_file(accounts)

    def replace_file(self, accounts: Iterable[OfficialAccount]) -> None:
        """Let `accounts` stand for all that came from the file before, at one stroke."""
        self._in_file = tuple(accounts)
        self._join()

    def replace_stored(
        self, accounts: Iterable[OfficialAccount], locked: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Let `accounts` stand for all that came from the store before, at one stroke.

        `locked` are the names and AppIDs of those whose secrets do not open.
        """
        self._stored, self._locked = tuple(accounts), tuple(locked)
        self._join()

    def _join(self) -> None:
        beside = [each for each in self._stored if not self.in_file(each.name, each.app_id)]
        shut = [(name, app_id) for name, app_id in self._locked if not self.in_file(name, app_id)]
        self._contents = _Contents((*self._in_file, *beside), shut)

    def in_file(self, name: str, app_id: str = "") -> bool:
        """Whether the file has an account of that name or AppID; the store cannot change it."""
        return any(name == each.name or app_id == each.app_id for each in self._in_file)

    def of_file(self) -> tuple[OfficialAccount, ...]:
        """Those of the file."""
        return self._in_file

    def has(self, name: str) -> bool:
        """Whether there is an account of that name, locked or not."""
        return name in self._contents.by_name or name in self._contents.locked

    def name_of(self, name_or_app_id: str) -> str:
        """Our name of the account, locked or not. Raises UnknownAccount."""
        contents = self._contents
        if _APP_ID.fullmatch(name_or_app_id):
            name = contents.names.get(name_or_app_id)
        else:
            name = name_or_app_id if self.has(name_or_app_id) else None
        if name is None:
            raise UnknownAccount(account=name_or_app_id[:64])
        return name

    def get(self, name_or_app_id: str) -> OfficialAccount:
        """The account. Raises UnknownAccount, AccountLocked."""
        contents = self._contents
        name = contents.names.get(name_or_app_id, name_or_app_id)
        if (account := contents.by_name.get(name)) is not None:
            return account
        raise AccountLocked(account=self.name_of(name_or_app_id))

    def locked(self) -> dict[str, str]:
        """AppIDs by name of those that cannot be used: their secrets do not open."""
        contents = self._contents
        return {name: app_id for app_id, name in contents.names.items() if name in contents.locked}

    def __iter__(self) -> Iterator[OfficialAccount]:
        """Those that can be used."""
        return iter(self._contents.by_name.values())

    def __len__(self) -> int:
        return len(self._contents.by_name)


class _Contents:
    """What is swapped as one, so that nobody sees half of a change."""

    def __init__(
        self, accounts: Iterable[OfficialAccount], locked: Iterable[tuple[str, str]] = ()
    ) -> None:
        shut = tuple(locked)
        self.by_name = {account.name: account for account in accounts}
        self.locked = frozenset(name for name, _app_id in shut)
        self.names = {app_id: name for name, app_id in shut}  # by AppID
        self.names |= {account.app_id: account.name for account in self.by_name.values()}
