from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from accounts.official import Accounts
from cache.redis import RedisLink
from proxy.transport import UpstreamTransport
from proxy.upstream import Upstream
from server.checks import checks_of
from server.doctor import Doctor
from server.probes import probes_of
from server.settings import Settings
from wechat.call import Call


@asynccontextmanager
async def open_examiner(
    settings: Settings,
    wechat: tuple[Accounts, Call, Upstream],
    link: RedisLink | None,
    config: Path | None,
) -> AsyncIterator[Doctor]:
    """The doctor, with its way to WeChat and the stores to look at."""
    accounts, call, upstream = wechat
    async with httpx.AsyncClient(
        transport=UpstreamTransport(upstream), base_url=settings.upstream.base_urls[0]
    ) as http:
        yield Doctor(
            accounts=accounts,
            call=call,
            http=http,
            probes=probes_of(settings, link),
            checks=checks_of(settings, config),
        )
