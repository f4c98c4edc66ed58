import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from accounts.official import Accounts
from cache.redis import RedisLink
from proxy.transport import UpstreamTransport
from proxy.upstream import Upstream
from server.channel_probes import channel_probes
from server.checks import checks_of
from server.checkup import Checkup
from server.doctor import Doctor
from server.forward.probes import forward_probes
from server.probes import probes_of
from server.reload import InForce
from server.settings import Settings
from wechat.call import Call


@asynccontextmanager
async def open_examiner(
    current: Callable[[], Settings],
    wechat: tuple[Accounts, Call, Upstream],
    link: RedisLink | None,
    config: Path | None = None,
) -> AsyncIterator[Doctor]:
    """The doctor, with its way to WeChat and the stores to look at.

    `current` are the settings in force; `config` is their file, if it is to be looked at.
    """
    accounts, call, upstream = wechat
    settings = current()
    async with httpx.AsyncClient(
        transport=UpstreamTransport(upstream), base_url=settings.upstream.base_urls[0]
    ) as http:
        yield Doctor(
            accounts=accounts,
            call=call,
            http=http,
            probes={
                **probes_of(settings, link),
                **channel_probes(current),
                **forward_probes(settings, time.time),
            },
            checks=lambda: checks_of(current(), config),
        )


@asynccontextmanager
async def open_checkup(
    in_force: InForce, wechat: tuple[Accounts, Call, Upstream], link: RedisLink | None
) -> AsyncIterator[Checkup]:
    """The doctor of a running gateway, whose settings may change."""
    proxies = in_force.settings.server.trusted_proxies
    async with open_examiner(lambda: in_force.settings, wechat, link) as doctor:
        yield Checkup(doctor, in_force.finding, trusts_proxies=bool(proxies))
