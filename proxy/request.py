from collections.abc import Collection, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from accounts.clients import Credential
from core.errors import GatewayError, Text

# Who is calling must be said once: which of two would count is a matter of the parser.
_ONCE = frozenset(
    {
        *(b"authorization", b"x-api-key", b"x-wxgate-account"),
        *(b"signature", b"signature-input", b"content-digest"),
    }
)


class HeaderTwice(GatewayError):
    """A header that says who is calling stands there twice."""

    status = 400
    code = "header_repeated"
    category = "auth"
    message = Text("请求头 {header} 出现了两次", "the header {header} is there twice")
    hint = Text("每个请求只能有一个", "send it once")


class HeaderNotAscii(GatewayError):
    """A header that would go on to WeChat has bytes that HTTP leaves undefined."""

    status = 400
    code = "header_not_ascii"
    category = "params"
    message = Text("请求头 {header} 含有非 ASCII 字符", "the header {header} is not ASCII")
    hint = Text(
        "文件名等内容放在请求体里，不要放在请求头里",
        "put names of files and the like into the body",
    )


class Query:
    """A query string whose pairs keep their bytes and order; names are compared decoded."""

    __slots__ = ("_pairs", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw  # as received
        self._pairs = [(_name(pair), pair) for pair in raw.decode("latin-1").split("&") if pair]

    def get(self, name: str) -> str:
        """The decoded value of the first `name`, or an empty text."""
        for found, pair in self._pairs:
            if found == name:
                return unquote_plus(pair.partition("=")[2])
        return ""

    def replace(self, values: Mapping[str, str], *, without: Collection[str] = ()) -> str:
        """The raw query in which `values` (raw) stand at the end for all pairs of their names."""
        kept = [pair for name, pair in self._pairs if name not in values and name not in without]
        kept += [f"{name}={value}" for name, value in values.items()]
        return "&".join(kept)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name, unquote_plus(pair.partition("=")[2])) for name, pair in self._pairs)


def _name(pair: str) -> str:
    name = pair.partition("=")[0]
    return unquote_plus(name) if "%" in name or "+" in name else name


@dataclass(slots=True)
class Inbound:
    """What the stages of a relayed call need to know of the request; the body comes apart."""

    method: str
    raw_path: bytes
    query: Query
    headers: dict[bytes, bytes]  # names in lower case, the last of each
    peer: str | None  # the caller's address, None on a Unix socket
    repeated: bytes = b""  # a header that must not be there twice, and is
    lines: Sequence[tuple[bytes, bytes]] = ()  # all headers, as they came
    # Whom the connection itself vouches for: a door of ours asked before there was a request.
    proxied_for: Credential | None = None

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> "Inbound":
        """Read an ASGI scope."""
        headers: dict[bytes, bytes] = {}
        repeated = b""
        for name, value in scope["headers"]:
            if name in _ONCE and name in headers:
                repeated = name
            headers[name] = value
        client = scope.get("client")
        return cls(
            scope["method"],
            scope.get("raw_path") or scope["path"].encode(),
            Query(scope["query_string"]),
            headers,
            client[0] if client else None,
            repeated,
            scope["headers"],
            scope.get("state", {}).get("proxied_for"),
        )

    @property
    def has_body(self) -> bool:
        """Whether a body follows, be it empty."""
        length = self.headers.get(b"content-length", b"0")
        return b"transfer-encoding" in self.headers or length.strip(b"0") != b""

    def header(self, name: bytes) -> str:
        """The value of a header, empty if it is not there."""
        return self.headers.get(name, b"").decode("latin-1")


def remember(scope: MutableMapping[str, Any], **values: str) -> None:
    """Leave `values` in `scope["state"]` for the middleware that writes the access line."""
    scope.setdefault("state", {}).update(values)


def blame(scope: MutableMapping[str, Any], source: str, category: str) -> None:
    """Have the error of this request counted: whose it is (wechat, wxgate) and of which kind."""
    remember(scope, error_source=source, error_category=category)
