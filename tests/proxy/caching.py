"""What the tests of the response cache share."""

import json
from pathlib import Path
from typing import Any

from accounts.official import OfficialAccount
from cache.settings import CacheSettings
from proxy.body import MemoryBody
from proxy.call import RelayedCall
from proxy.request import Query
from proxy.routing import Route
from proxy.upstream import UpstreamSettings
from tests.gateway import CLIENTS, MAIN, Setup
from wechat.catalogue import load_catalogue

MENU_GET, MENU_CREATE = "/cgi-bin/menu/get", "/cgi-bin/menu/create"
CALLBACK_IPS, TICKET = "/cgi-bin/getcallbackip", "/cgi-bin/ticket/getticket"
LIST, COUNT = "/cgi-bin/material/batchget_material", "/cgi-bin/material/get_materialcount"
MENU: dict[str, Any] = {"button": [{"type": "click", "name": "一", "key": "K"}]}
RIGHTS = frozenset({"relay:read"})


def caching(upstream: UpstreamSettings, data_dir: Path, **changes: Any) -> Setup:
    """A Setup whose response cache is on, and whose clients are not held back."""
    free = tuple(client.model_copy(update={"rate_limit": "none"}) for client in CLIENTS)
    return Setup(upstream, data_dir, cache=CacheSettings(), clients=free, **changes)


def relayed(
    path: str,
    body: dict[str, Any] | bytes | None = None,
    *,
    query: str = "access_token=t",
    account: OfficialAccount = MAIN,
    headers: dict[str, str] | None = None,
) -> RelayedCall:
    """A call as the relay makes it."""
    endpoint = load_catalogue().find(path)
    assert endpoint is not None
    data = json.dumps(body, ensure_ascii=False).encode() if isinstance(body, dict) else body
    return RelayedCall(
        account,
        Route(path, endpoint),
        endpoint.method,
        Query(query.encode()),
        headers or {},
        None if data is None else MemoryBody(data),
    )
