from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)

from core.errors import Text
from notify.channel_settings import ChannelSettings
from notify.email.addresses import BadAddress, checked_address, parse_address

Security = Literal["tls", "starttls", "plain"]
# Source: RFC 8314 (implicit TLS, submission), RFC 5321.
_PORTS: Mapping[Security, int] = {"tls": 465, "starttls": 587, "plain": 25}
_MAX_RECIPIENTS = 100  # RFC 5321 has every server take as many of one mail

EmailAddress = Annotated[str, AfterValidator(checked_address), StringConstraints(max_length=254)]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,253}$")]
OneLine = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=100)]


def _ascii_sender(address: str) -> str:
    if parse_address(address).needs_utf8:
        raise ValueError("发件地址 @ 之前应为 ASCII / a sender is ASCII before its @")
    return address


def _unsubscribe_url(url: str) -> str:
    if url and not url.startswith(("mailto:", "https://")):
        raise ValueError("应以 mailto: 或 https:// 开头 / must begin with mailto: or https://")
    return url


class MailAccount(BaseModel):
    """One entry of a mail channel's `accounts`: a mailbox at a provider, and how to reach it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")] = Field(
        description="our short name for it, unique in the channel"
    )
    host: Host = Field(description="its SMTP server, as smtp.qq.com")
    port: int = Field(0, ge=0, le=65_535, description="0: 465 for tls, 587 for starttls, else 25")
    security: Security = Field(
        "tls",
        description="tls from the first byte; starttls, and nothing sent where the server has none;"
        " plain: unencrypted, for a server on this host",
    )
    ca_file: str = Field("", description="certificates to trust instead of the system's")
    username: OneLine = Field("", description="to log in with; empty: its address")
    password: SecretStr = Field(
        SecretStr(""),
        description="the provider's authorization code (授权码) or app password; or password_file;"
        " empty: no login",
    )
    address: Annotated[EmailAddress, AfterValidator(_ascii_sender)] = Field(
        description="what it sends from; most providers take their own address alone"
    )
    weight: int = Field(1, ge=1, le=100, description="its share of the mails beside the others")
    daily_limit: int = Field(
        0,
        ge=0,
        description="recipients a day, in Beijing; 0: no limit of ours",
    )
    connections: int = Field(2, ge=1, le=20, description="at the same time, in each process")
    timeout_s: float = Field(10, gt=0, le=60, description="to connect, and for each answer")

    @model_validator(mode="before")
    @classmethod
    def _filled_in(cls, given: Any) -> Any:
        """What follows from the rest."""
        if not isinstance(given, Mapping):
            return given
        filled = dict(given)
        if not filled.get("port"):
            filled["port"] = _PORTS.get(filled.get("security", "tls"), 0)
        if filled.get("password") and not filled.get("username"):
            filled["username"] = filled.get("address", "")
        return filled

    @property
    def login(self) -> str:
        """What it logs in with; empty: it does not."""
        return self.username if self.password.get_secret_value() else ""


class EmailSettings(ChannelSettings):
    """A channel that sends mail, by one of several mailboxes."""

    type: Literal["email"]
    accounts: tuple[MailAccount, ...] = Field(
        min_length=1, max_length=50, description="the mailboxes that it sends from, in turn"
    )
    to: tuple[EmailAddress, ...] = Field(
        (), max_length=_MAX_RECIPIENTS, description="who gets what names nobody"
    )
    from_name: OneLine = Field("wxgate", description="the sender's name, as readers see it")
    reply_to: Annotated[str, AfterValidator(lambda text: text and checked_address(text))] = Field(
        "", description="where answers go; empty: to the account that sent it"
    )
    subject_prefix: OneLine = Field("", description="before each subject, as [wxgate]")
    unsubscribe: Annotated[OneLine, AfterValidator(_unsubscribe_url)] = Field(
        "", description="mailto: or https: of the header List-Unsubscribe; empty: none"
    )
    max_failures: int = Field(
        3, ge=1, le=100, description="an account that fails so often in a row is disabled"
    )
    probe_s: float = Field(
        300, ge=1, le=86_400, description="then it is tried, without a mail, until it is back"
    )

    def is_recipient(self, recipient: str) -> bool:
        """Whether it is one bare address."""
        try:
            parse_address(recipient)
        except BadAddress:
            return False
        return True

    def warnings(self) -> Iterator[tuple[str, Text]]:
        """Nobody to write to; passwords that anybody on the way can read."""
        if not self.to:
            nobody = Text(
                "没有收件人：除非路由或调用方写了 to，否则发不出去",
                "no recipient: nothing is sent unless the route or the caller gives one",
            )
            yield "to", nobody
        for account in self.accounts:
            if account.security == "plain" and account.login and not _is_here(account.host):
                readable = Text(
                    "授权码会明文传输：改用 tls 或 starttls",
                    "its password travels unencrypted: use tls or starttls",
                )
                yield f"accounts.{account.name}.security", readable

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [account.name for account in self.accounts]
        if len(set(names)) != len(names):
            raise ValueError("accounts 里的 name 有重复 / two accounts have one name")
        return self


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
