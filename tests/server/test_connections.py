import ipaddress
import resource

from server.connections import ConnectionSettings, Door, files_for, open_door, raise_file_limit

PROXY = ipaddress.ip_network("10.0.0.0/8")


def test_one_peer_may_have_its_share_and_no_more() -> None:
    door = Door(max_connections=10, max_per_ip=2)
    places = [door.enter("192.0.2.1") for _ in range(3)]
    assert places[2] is None
    assert door.enter("192.0.2.2") is not None
    assert places[0] is not None
    door.leave(places[0])
    assert door.enter("192.0.2.1") is not None
    assert door.inside == 3


def test_all_together_are_bounded_too() -> None:
    door = Door(max_connections=2, max_per_ip=2)
    assert door.enter("192.0.2.1") is not None
    assert not door.full
    assert door.enter("192.0.2.2") is not None
    assert door.full
    assert door.enter("192.0.2.3") is None
    assert door.inside == 2


def test_a_proxy_and_a_unix_socket_are_bounded_only_with_all_the_others() -> None:
    door = Door(max_connections=100, max_per_ip=1, uncounted=[PROXY])
    for host in ("10.1.2.3", "::ffff:10.1.2.3", None):
        assert door.enter(host) == ""
        assert door.enter(host) == ""
    door.leave("")
    assert door.inside == 5


def test_an_ipv6_household_is_one_peer() -> None:
    door = Door(max_connections=100, max_per_ip=1)
    assert door.enter("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert door.enter("2001:db8:1:2:ffff::9") is None
    assert door.enter("2001:db8:1:3::1") is not None
    assert door.enter("::ffff:192.0.2.1") == "192.0.2.1"
    assert door.enter("192.0.2.1") is None
    assert door.enter("fe80::1%eth0") == "fe80::/64"
    assert door.enter("no address") == "no address"


def test_no_more_come_in_than_there_are_files_for() -> None:
    settings = ConnectionSettings()
    door = open_door(settings, proxies=[], open_files=256)
    places = [door.enter("192.0.2.1") for _ in range(256)]
    assert len([place for place in places if place is not None]) == 117  # 3/4 of 256 - 100
    others = [door.enter(f"192.0.2.{number}") for number in range(2, 60)]
    assert len([place for place in others if place is not None]) == 39
    many = open_door(settings, proxies=[], open_files=files_for(settings))
    assert len([1 for _ in range(1_200) if many.enter("192.0.2.1") is not None]) == 1_000


def test_the_soft_limit_of_files_is_raised_as_far_as_allowed() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        assert raise_file_limit(300) == 300
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (300, hard)
        assert raise_file_limit(200) == 300  # never lowered
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
