import re
from dataclasses import dataclass

import idna

MAX_ADDRESS_BYTES = 254  # RFC 5321, 4.5.3.1.3, as corrected by erratum 1690
_MAX_LOCAL_BYTES = 64
# A dot-atom of RFC 5322, beyond ASCII of RFC 6532: what quoting would allow is not taken, so that
# an address never reads as two, and nothing in it means anything to SMTP or to a pattern.
_ATOM = r'[^\x00-\x20()<>\[\]:;@\\,."\x7f-\xa0]+'
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class BadAddress(ValueError):
    """This is no address that mail can be sent to."""


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox, as it is written on the wire."""

    local: str
    domain: str  # in ASCII

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def needs_utf8(self) -> bool:
        """Whether only servers with SMTPUTF8 (RFC 6531) can take it."""
        return not self.local.isascii()


def parse_address(text: str) -> Address:
    """`text` as a bare address, without a name; its domain may be 例子.中国. Raises BadAddress."""
    local, at, domain = text.strip().rpartition("@")
    if not at or len(text) > MAX_ADDRESS_BYTES or not text.isprintable():
        raise BadAddress(text)
    if not _LOCAL.fullmatch(local) or len(local.encode()) > _MAX_LOCAL_BYTES:
        raise BadAddress(text)
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise BadAddress(text) from None
    if not _DOMAIN.fullmatch(ascii_domain):
        raise BadAddress(text)
    found = Address(local, ascii_domain)
    if len(str(found).encode()) > MAX_ADDRESS_BYTES:
        raise BadAddress(text)
    return found


def checked_address(text: str) -> str:
    """`text`, for settings. Raises BadAddress, a ValueError, with words for people."""
    try:
        parse_address(text)
    except BadAddress:
        raise BadAddress(
            "应为单个邮箱地址，如 ops@example.com / must be one bare address, as ops@example.com"
        ) from None
    return text
