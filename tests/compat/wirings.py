"""The ways in which a tool gets to the gateway: what it is told, and what stays its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from core.errors import Text
from tests.e2e.conftest import Stand

MADE_UP = "0123456789abcdef0123456789abcdef"  # an AppSecret: the tool does not know the real one


@dataclass(frozen=True)
class Wiring:
    """A way in; for a stand and a client key, the environment that a tool is started with.

    GATE_URL is the gateway's address for tools whose base URL can be set: without it they call
    the host that they were made for. KEY is what they take for their AppSecret.
    """

    name: str
    environment: Callable[[Stand, str], Mapping[str, str]]
    lacks: Mapping[str, Text] = field(default_factory=dict)  # columns, and why not


def _base_url(stand: Stand, key: str) -> Mapping[str, str]:
    return {"GATE_URL": stand.url, "KEY": key}


def _forward_proxy(stand: Stand, key: str) -> Mapping[str, str]:
    authority = str(stand.data_dir / "ca" / "ca.pem")
    proxy = f"http://blog:{key}@127.0.0.1:{stand.forward_port}"
    trusted = ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
    return {
        "KEY": MADE_UP,
        "HTTPS_PROXY": proxy,
        "https_proxy": proxy,
        "NODE_USE_ENV_PROXY": "1",
        **dict.fromkeys(trusted, authority),
    }


INSPECT = {"forward": {"listen": "127.0.0.1:1", "mode": "inspect"}}  # the stand picks the port
_NO_PROXY = Text("没有代理", "there is no proxy")
_NO_TOKEN = Text("工具不经手 token", "the tool handles no token")
_DRAFTS_ONLY = Text("只建草稿", "makes drafts only")

BASE_URL = Wiring("base URL", _base_url, {"407": _NO_PROXY})
FORWARD = Wiring("forward proxy", _forward_proxy)
CORS = Wiring("CORS", _base_url, {"publish": _DRAFTS_ONLY, "407": _NO_PROXY})
WENYAN = Wiring(
    "/wenyan", _base_url, {"token": _NO_TOKEN, "publish": _DRAFTS_ONLY, "407": _NO_PROXY}
)
MCP = Wiring("/mcp", _base_url, {"token": _NO_TOKEN, "407": _NO_PROXY})
