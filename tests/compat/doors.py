"""The gateway's doors beside WeChat's own paths, and which columns are tried otherwise there."""

from collections.abc import Mapping
from typing import Any

from tests.compat import agents, pages, wenyan
from tests.compat.columns import COLUMNS, Check
from tests.compat.keys import READER_KEY, WRITER_KEY
from tests.compat.wirings import CORS, MCP, WENYAN, Wiring
from tests.e2e.conftest import KEY

_OWN: dict[str, Mapping[str, Check]] = {
    CORS.name: pages.COLUMNS,
    WENYAN.name: wenyan.COLUMNS,
    MCP.name: agents.COLUMNS,
}


def checks(wiring: Wiring) -> dict[str, Check]:
    """What is tried over `wiring`, by column."""
    return {**COLUMNS, **_OWN.get(wiring.name, {})}


def every_door(origin: str) -> dict[str, Any]:
    """The configuration that opens all; pages of `origin` may call."""
    return {
        "forward": {"listen": "127.0.0.1:1", "mode": "inspect"},  # the stand picks the port
        "wenyan": {"enabled": True},
        "mcp": {"enabled": True, "max_calls": 100},
        "relay": {"cors_origins": [origin]},
        "clients": [
            _client(KEY, "relay:read", "relay:write", "material", "draft", "publish"),
            _client(WRITER_KEY, "draft"),
            _client(READER_KEY, "relay:read"),
        ],
    }


def _client(key: str, *scopes: str) -> dict[str, Any]:
    name = key.split("_")[1]
    rights = {"accounts": ["main", "personal"], "scopes": list(scopes), "enhance": ["explain"]}
    return {"id": name, "key": key, **rights, "rate_limit": "60000/minute", "max_concurrent": 1000}
