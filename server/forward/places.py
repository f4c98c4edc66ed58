"""Where the forward proxy leads."""

from typing import NamedTuple
from urllib.parse import urlsplit

from proxy.upstream import UpstreamSettings, web_host
from wechat.hosts import API_HOSTS, MP_HOST

HOSTS = (*API_HOSTS, MP_HOST)


class Place(NamedTuple):
    """Where a tunnel to one of WeChat's hosts ends."""

    host: str
    port: int
    is_ours: bool  # the operator's own sandbox: any address will do


def places_of(upstream: UpstreamSettings) -> dict[str, Place]:
    """Each of WeChat's hosts leads to itself; or to the sandbox that is configured in its place."""
    places: dict[str, Place] = {}
    for hosts, url in ((API_HOSTS, upstream.base_urls[0]), ((MP_HOST,), upstream.mp_base_url)):
        host = web_host(url)
        port = urlsplit(url).port or (443 if url.startswith("https:") else 80)
        if host in HOSTS:
            places |= {name: Place(name, 443, is_ours=False) for name in hosts}
        else:
            places |= dict.fromkeys(hosts, Place(host, port, is_ours=True))
    return places
