import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import urljoin

import idna

from fetch.errors import UrlForbidden, UrlInvalid

_MAX_URL_CHARS = 2_048
_SHOWN_CHARS = 120
_DEFAULT_PORTS = {"http": 80, "https": 443}
# scheme, host (a name, or an IPv6 literal without a zone), port, and the rest. No user info.
_URL = re.compile(
    r"(https?)://(\[[0-9a-fA-F:.]+\]|[^\[\]@:/?#]+)(?::([0-9]{1,5}))?([/?#].*)?", re.IGNORECASE
)
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\\\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.IGNORECASE)
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart, in the one way that leaves no parser room to read it differently."""

    scheme: str
    host: str  # lower-case ASCII: a name, a dotted quad, or an IPv6 address in brackets
    port: int
    rest: str  # path, query; begins with /

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"

    @property
    def url(self) -> str:
        """The canonical URL."""
        return self.origin + self.rest

    def join(self, location: str) -> str:
        """Where a redirect from here to `location` leads."""
        return urljoin(self.url, location)


def parse_url(url: str, allow_ports: Collection[int]) -> Target:
    """Take `url` apart; raises UrlInvalid, or UrlForbidden for another port."""
    found = _URL.fullmatch(url) if len(url) <= _MAX_URL_CHARS else None
    if found is None or _UNSAFE.search(url):
        raise UrlInvalid(url=shown(url), reason="not a plain http(s) URL")
    scheme, host, port, rest = found.groups()
    scheme = scheme.lower()
    number = int(port) if port else _DEFAULT_PORTS[scheme]
    target = Target(scheme, _canonical_host(host, url), number, _rest(rest))
    if number not in allow_ports:
        raise UrlForbidden(url=shown(url))
    return target


def shown(url: str) -> str:
    """`url` as it may stand in messages and logs: without user info, query and fragment."""
    scheme, slashes, rest = re.split(r"[?#]", url, maxsplit=1)[0].partition("//")
    authority, slash, path = rest.partition("/")
    plain = scheme + slashes + authority.rpartition("@")[2] + slash + path
    plain = plain[: _SHOWN_CHARS + 1]
    plain = "".join(char if char.isprintable() else "?" for char in plain)
    return plain if len(plain) <= _SHOWN_CHARS else plain[:_SHOWN_CHARS] + "…"


def _rest(rest: str | None) -> str:
    path = (rest or "/").split("#", 1)[0] or "/"
    return path if path.startswith("/") else "/" + path


def _canonical_host(host: str, url: str) -> str:
    if host.startswith("["):
        try:
            return f"[{IPv6Address(host[1:-1]).compressed}]"
        except AddressValueError:
            raise UrlInvalid(url=shown(url), reason="bad IPv6 address") from None
    try:
        name = host.lower() if host.isascii() else idna.encode(host.lower()).decode("ascii")
        for label in name.split("."):
            if label.startswith("xn--"):
                idna.decode(label)
    except (idna.IDNAError, UnicodeError):
        raise UrlInvalid(url=shown(url), reason="bad host name") from None
    if _NUMBER.fullmatch(name.rsplit(".", 1)[-1]):
        # The resolver reads 127.1, 0x7f.1, 2130706433 and 0177.0.0.1 as addresses.
        return _dotted_quad(name, url)
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise UrlInvalid(url=shown(url), reason="bad host name")
    return name


def _dotted_quad(name: str, url: str) -> str:
    try:
        return str(IPv4Address(name))
    except AddressValueError:
        raise UrlInvalid(url=shown(url), reason="not a canonical IPv4 address") from None
