import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from accounts.clients import Scope
from server.checks import behind_unnamed_proxy, checks_of
from server.findings import Finding
from server.settings import Settings

KEY = "wxg_blog_0123456789abcdefghijklmn"
OUTSIDE = {"listen": "0.0.0.0:8080"}


def found(config: Path | None = None, **given: Any) -> dict[str, Finding]:
    return {finding.name: finding for finding in checks_of(Settings(**given), config)}


def client(**given: Any) -> dict[str, Any]:
    return {"id": "blog", "key": KEY, "accounts": ["main"], "scopes": ["draft"], **given}


def test_the_defaults_are_well() -> None:
    assert {finding.status for finding in found().values()} == {"ok"}


@pytest.mark.parametrize(
    ("server", "name", "status"),
    [
        ({}, "listen", "ok"),
        ({"listen": "[::1]:8080"}, "listen", "ok"),
        (OUTSIDE, "public_url", "warn"),
        ({**OUTSIDE, "public_url": "http://10.0.0.5:8080"}, "listen", "warn"),
        ({**OUTSIDE, "public_url": "https://gate.test"}, "trusted_proxies", "warn"),
        (
            {**OUTSIDE, "public_url": "https://gate.test", "trusted_proxies": ["10.0.0.1/32"]},
            "listen",
            "ok",
        ),
    ],
)
def test_the_way_in_is_judged(server: dict[str, Any], name: str, status: str) -> None:
    assert found(server=server)[name].status == status


def test_a_proxy_that_is_trusted_is_no_finding() -> None:
    server = {"public_url": "https://gate.test", "trusted_proxies": ["127.0.0.1/32"]}
    assert "trusted_proxies" not in found(server=server)


def test_what_is_to_be_pasted_is_a_configuration() -> None:
    for finding in (found(server=OUTSIDE)["public_url"], behind_unnamed_proxy("10.0.0.7")):
        assert finding.fix is not None
        Settings(**tomllib.loads(finding.fix.en))


@pytest.mark.parametrize(("mode", "status"), [(0o600, "ok"), (0o640, "warn"), (0o604, "warn")])
def test_a_file_with_keys_is_for_its_owner(tmp_path: Path, mode: int, status: str) -> None:
    path = tmp_path / "config.toml"
    path.touch()
    path.chmod(mode)
    assert found(path)["config file"].status == status


def test_a_client_that_may_do_everything_from_anywhere_is_named() -> None:
    everything = client(scopes=sorted(Scope))
    assert "blog" in found(clients=[everything])["clients"].found.en
    assert found(clients=[everything])["clients"].status == "warn"
    assert found(clients=[{**everything, "allow_ips": ["10.0.0.0/8"]}])["clients"].status == "ok"


def test_a_rotation_that_was_not_finished_is_named() -> None:
    clients = found(clients=[client(previous_key=KEY[:-1] + "x")])["clients"]
    assert clients.status == "warn"
    assert clients.fix is not None
    assert "previous_key" in clients.fix.en


def test_a_client_without_an_end_is_mentioned() -> None:
    assert "blog" in found(clients=[client()])["clients"].found.en
    ending = client(expires_at="2027-01-01T00:00:00+08:00")
    assert "blog" not in found(clients=[ending])["clients"].found.en


def test_an_account_that_nobody_may_use_is_named() -> None:
    accounts = [
        {"name": name, "app_id": f"wx000000000000000{n}", "app_secret": "0" * 32}
        for n, name in enumerate(("main", "spare"))
    ]
    checks = found(accounts=accounts, clients=[client()])
    assert "main: clients" not in checks
    assert checks["spare: clients"].status == "warn"


def test_the_time_zone_is_shown() -> None:
    assert re.search(r"UTC[+-]\d{4}", found()["time zone"].found.en)


@pytest.mark.parametrize(
    ("public_url", "secrets", "status"),
    [
        ("https://gate.test", {"encoding_aes_key": "k" * 43}, "ok"),
        ("https://gate.test", {}, "warn"),
        ("http://127.0.0.1:8080", {"encoding_aes_key": "k" * 43}, "warn"),
    ],
)
def test_the_address_of_the_message_push_is_shown(
    public_url: str, secrets: dict[str, str], status: str
) -> None:
    main = {"name": "main", "app_id": "wx0000000000000001", "app_secret": "s"}
    account = {**main, "callback_token": "canaryToken", **secrets}
    finding = found(server={"public_url": public_url}, accounts=[account])["main: callback"]
    assert finding.status == status
    assert f"{public_url}/callback/main" in finding.found.zh
    assert "canaryToken" not in str(finding)
    assert "main: callback" not in found(accounts=[main])
