import threading

import pytest

from fetch.resolver import SystemResolver


async def test_loopback_names_resolve_off_the_event_loop() -> None:
    resolver = SystemResolver()
    addresses = await resolver.resolve("localhost", 80)
    assert all(address.is_loopback for address in addresses)
    assert any(thread.name.startswith("resolver") for thread in threading.enumerate())
    resolver.close()


async def test_a_name_without_address_is_an_oserror() -> None:
    resolver = SystemResolver()
    with pytest.raises(OSError):
        await resolver.resolve("no-such-name.invalid", 80)
    resolver.close()
