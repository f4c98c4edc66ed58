import socket

import pytest

from server.doors import CannotListen, listen_on, open_doors
from server.roles import Role
from server.settings import Settings
from tests.conftest import free_port


def test_an_address_that_is_taken_is_told(taken_port: int) -> None:
    with pytest.raises(CannotListen) as caught:
        listen_on(f"127.0.0.1:{taken_port}")
    error = caught.value.describe("zh", "")
    assert f"127.0.0.1:{taken_port}" in error["message"]
    assert "Address already in use" in error["message"]
    assert "--listen" in error["hint"]


@pytest.mark.parametrize("listen", ["name.invalid:8080", "203.0.113.1:8080"])
def test_an_address_that_is_not_ours_is_told(listen: str) -> None:
    with pytest.raises(CannotListen, match=listen):
        listen_on(listen)


def test_ipv6_is_written_in_brackets() -> None:
    with listen_on("[::1]:0") as listener:
        assert listener.getsockname()[0] == "::1"


@pytest.mark.parametrize(("role", "forward_proxies"), [("all", 1), ("relay", 1), ("api", 0)])
def test_only_who_relays_has_a_forward_proxy(role: str, forward_proxies: int) -> None:
    ports = (free_port(), free_port())
    listen, forward = (f"127.0.0.1:{port}" for port in ports)
    settings = Settings.model_validate(
        {"server": {"listen": listen}, "forward": {"listen": forward}}
    )
    with open_doors(settings, Role(role)) as doors:
        assert doors.listener.getsockname()[1] == ports[0]
        assert (doors.forward is not None) == bool(forward_proxies)
    with socket.create_server(("127.0.0.1", ports[0])):
        pass  # it is closed
