import httpcore
import pytest

from fetch.addresses import AddressPolicy
from fetch.backend import GuardedBackend
from fetch.errors import DnsFailed, UrlForbidden
from tests.fetch.conftest import Host, ScriptedResolver

LOOPBACK = AddressPolicy(["127.0.0.0/8"])


async def test_the_address_that_was_judged_is_the_one_connected(host: Host) -> None:
    # A second question would be answered with another address: there must be none.
    resolver = ScriptedResolver(["127.0.0.1"], ["10.0.0.1"])
    stream = await GuardedBackend(LOOPBACK, resolver).connect_tcp("a.example", host.port, 1)
    assert stream.get_extra_info("server_addr") == ("127.0.0.1", host.port)
    assert resolver.asked == 1
    await stream.aclose()


async def test_one_forbidden_answer_among_good_ones_condemns_the_name(host: Host) -> None:
    resolver = ScriptedResolver(["127.0.0.1", "10.0.0.1"])
    with pytest.raises(UrlForbidden):
        await GuardedBackend(LOOPBACK, resolver).connect_tcp("a.example", host.port, 1)
    assert host.requests == []


async def test_literal_addresses_are_judged_without_a_resolver(host: Host) -> None:
    backend = GuardedBackend(AddressPolicy(), ScriptedResolver())
    for literal in ("127.0.0.1", "::1", "[::1]", "::ffff:127.0.0.1"):
        with pytest.raises(UrlForbidden):
            await backend.connect_tcp(literal, host.port, 1)


async def test_a_name_without_address_is_dns_failed() -> None:
    with pytest.raises(DnsFailed):
        await GuardedBackend(LOOPBACK, ScriptedResolver()).connect_tcp("a.example", 80, 1)
    with pytest.raises(DnsFailed):
        await GuardedBackend(LOOPBACK, ScriptedResolver([])).connect_tcp("a.example", 80, 1)


async def test_the_next_address_is_tried_when_one_refuses(host: Host) -> None:
    # The host listens on 127.0.0.1 alone.
    backend = GuardedBackend(LOOPBACK, ScriptedResolver(["127.0.0.2", "127.0.0.1"]))
    stream = await backend.connect_tcp("a.example", host.port, 1)
    assert stream.get_extra_info("server_addr")[0] == "127.0.0.1"
    await stream.aclose()


async def test_refused_everywhere_is_a_connect_error(host: Host) -> None:
    backend = GuardedBackend(LOOPBACK, ScriptedResolver(["127.0.0.2", "127.0.0.3"]))
    with pytest.raises(httpcore.ConnectError):
        await backend.connect_tcp("a.example", host.port, 1)


class _BlindPolicy(AddressPolicy):
    """Takes this machine's own address for a public one, as it would be on a server."""

    def allows(self, address: object) -> bool:
        return True


async def test_this_machine_by_its_public_address_is_refused(host: Host) -> None:
    backend = GuardedBackend(_BlindPolicy(), ScriptedResolver(["127.0.0.1"]))
    with pytest.raises(UrlForbidden):
        await backend.connect_tcp("gate.example", host.port, 1)
