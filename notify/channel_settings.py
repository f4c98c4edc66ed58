import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from core.errors import Language, Text

_MAX_URL_CHARS = 2_048
# One recipient, not several in one text: behind a comma the next would pass with the first.
_ONE_RECIPIENT = re.compile(r"[^\s,;<>\"'()\[\]\\\x00-\x1f\x7f]{1,254}")

ChannelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
ClientId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
# At most two stars: what is matched stays linear in what callers send.
RecipientPattern = Annotated[
    str, StringConstraints(pattern=r"^[^*\s\[\]?]{0,64}(\*[^*\s\[\]?]{0,64}){0,2}$", min_length=1)
]


class ChannelSettings(BaseModel):
    """What all entries of `[[channels]]` have; each type of channel adds its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: ChannelName = Field(description="our short name for it, used in routes and URLs")
    type: str = Field(description="what it sends by")
    enabled: bool = Field(True, description="false: nothing is sent by it")
    language: Language = Field("zh", description="of what the gateway itself says")
    clients: tuple[ClientId, ...] = Field(
        (), description="clients that may send by it; empty: all that have the scope notify"
    )
    allow_to: tuple[RecipientPattern, ...] = Field(
        (),
        description="recipients that callers may name, as *@example.com or +86*; empty: none but"
        " the channel's own",
    )

    def warnings(self) -> Iterator[tuple[str, Text]]:
        """What is allowed but should be meant: a key, and what is to be known."""
        yield from ()

    def serves(self, client_id: str) -> bool:
        """Whether that client may send by it."""
        return not self.clients or client_id in self.clients

    def is_recipient(self, recipient: str) -> bool:
        """Whether that is one recipient, and one that such a channel could reach."""
        return bool(recipient)

    def may_reach(self, recipient: str) -> bool:
        """Whether a caller may name that recipient."""
        return _ONE_RECIPIENT.fullmatch(recipient) is not None and any(
            fnmatchcase(recipient.casefold(), pattern.casefold()) for pattern in self.allow_to
        )


def _checked_url(text: str) -> None:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in text
        usable = usable and parts.port != 0  # raises where it is no port at all
    except ValueError:
        usable = False
    if not usable or len(text) > _MAX_URL_CHARS or not text.isprintable() or " " in text:
        raise ValueError(
            "应为 http:// 或 https:// 的完整网址 / must be a whole http:// or https:// URL"
        )


def _web_url(url: SecretStr) -> SecretStr:
    _checked_url(url.get_secret_value())
    return url


def _base_url(url: str) -> str:
    _checked_url(url)
    return url.rstrip("/")


# An address that lets whoever has it send: it is kept as the credential that it is.
SecretUrl = Annotated[SecretStr, AfterValidator(_web_url)]
# Where a provider is reached, without a credential.
BaseUrl = Annotated[str, AfterValidator(_base_url)]
