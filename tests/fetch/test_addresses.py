from ipaddress import ip_address

import pytest

from fetch.addresses import AddressPolicy

CLOSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1
127.255.255.254 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.8 192.0.0.192
192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.19.255.255 198.51.100.7
203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16
:: ::1 ::2 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.1.2.3 ::ffff:169.254.169.254 ::ffff:0:7f00:1
64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::a00:1 64:ff9b:1::808:808 100::1 2001::1
2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:10::1 2001:20::1 2001:2::1 2001:db8::1 2002:7f00:1::
2002:808:808:: 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fdff::1 fe80::1 fe80::5efe:7f00:1 fec0::1
ff02::1 ff0e::1 2606:4700::5efe:7f00:1 2606:4700::200:5efe:a00:1
""".split()  # noqa: SIM905
OPEN = """
1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255 192.169.0.0
198.17.255.255 198.20.0.0 223.255.255.255 168.63.129.15 168.63.129.17
2606:4700::1111 2400:3200::1 2001:200::1 2003::1 ::ffff:8.8.8.8 64:ff9b::808:808
""".split()  # noqa: SIM905


@pytest.mark.parametrize("address", CLOSED)
def test_no_address_inside_is_open(address: str) -> None:
    assert not AddressPolicy().allows(ip_address(address))


@pytest.mark.parametrize("address", OPEN)
def test_public_addresses_are_open_to_the_very_edge(address: str) -> None:
    assert AddressPolicy().allows(ip_address(address))


def test_a_network_that_the_operator_names_is_open_and_its_neighbours_are_not() -> None:
    policy = AddressPolicy(["192.168.7.0/24", "fd12::/16"])
    assert policy.allows(ip_address("192.168.7.9"))
    assert policy.allows(ip_address("::ffff:192.168.7.9"))
    assert policy.allows(ip_address("fd12::1"))
    assert not policy.allows(ip_address("192.168.8.1"))
    assert not policy.allows(ip_address("fd13::1"))
