from ipaddress import ip_address

import pytest

from fetch.addresses import Address, AddressPolicy
from fetch.errors import DnsFailed, UrlForbidden
from fetch.judge import Judge


class Answers:
    """A resolver that answers as it was told."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = [ip_address(address) for address in addresses]

    async def resolve(self, host: str, port: int) -> list[Address]:
        del host, port
        return self._addresses

    def close(self) -> None:
        pass


async def test_one_bad_address_spoils_them_all() -> None:
    with pytest.raises(UrlForbidden):
        await Judge(AddressPolicy(), Answers("93.184.216.34", "10.0.0.1")).addresses("a.b", 443)
    lan = AddressPolicy(["10.0.0.0/8"])
    judge = Judge(lan, Answers("93.184.216.34", "10.0.0.1"))
    assert list(map(str, await judge.addresses("a.b", 443))) == ["93.184.216.34", "10.0.0.1"]


async def test_no_address_is_no_answer() -> None:
    with pytest.raises(DnsFailed):
        await Judge(AddressPolicy(), Answers()).addresses("a.b", 443)


@pytest.mark.parametrize("literal", ["127.0.0.1", "[::1]", "169.254.169.254"])
async def test_an_address_in_place_of_a_name_is_judged_too(literal: str) -> None:
    with pytest.raises(UrlForbidden):
        await Judge(AddressPolicy(), Answers("93.184.216.34")).addresses(literal, 443)
