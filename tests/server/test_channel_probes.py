from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from accounts.channel_secrets import channel_aad
from accounts.master_key import Sealer, load_master_key
from notify.channel_forms import checked, revealed
from server.channel_probes import Ways, examine_channels, examine_mail
from server.findings import Finding
from server.settings import Settings
from server.tools import open_doctor
from store import channels, mail_accounts
from store.channels import ChannelRow
from store.engine import Database, open_database
from store.mail_accounts import MailAccountRow
from store.migrate import migrate

OPS: dict[str, Any] = {
    "name": "ops",
    "type": "wecom",
    "url": "https://qyapi.weixin.qq.com/x?key=canary",
}
MAIL: dict[str, Any] = {
    "name": "mail",
    "type": "email",
    "to": ["ops@x.example"],
    "accounts": [
        {"name": name, "host": "smtp.x.example", "address": f"{name}@x.example"}
        for name in ("one", "two")
    ],
}
DOWN = MailAccountRow(
    channel="mail", name="one", disabled_at=1_795_000_000.0, probe_at=1_795_000_300.0, error="535"
)


def routed(*names: str) -> dict[str, Any]:
    return {"routes": [{"channels": [name]} for name in names]}


def ways(*entries: dict[str, Any], disabled: tuple[MailAccountRow, ...] = ()) -> Ways:
    return Ways({entry["name"]: checked(entry) for entry in entries}, disabled=disabled)


async def found(name: str, **given: Any) -> Finding:
    async with open_doctor(Settings(**given)) as doctor:
        return await doctor._probes[name]()


def test_who_has_no_routes_is_told_so_and_all_is_well() -> None:
    finding = examine_channels(Settings(), ways(OPS))
    assert (finding.status, finding.fix) == ("ok", None)
    assert "nobody is told" in finding.found.en
    finding = examine_channels(Settings(notify=routed("ops"), channels=[OPS]), ways(OPS))
    assert (finding.status, finding.found.en) == ("ok", "channels: 1, routes: 1")


@pytest.mark.parametrize("enabled", [True, False])
def test_a_route_to_a_channel_that_sends_nothing_is_found(*, enabled: bool) -> None:
    settings = Settings(notify=routed("gone", "ops"), channels=[{**OPS, "enabled": enabled}])
    finding = examine_channels(settings, ways({**OPS, "enabled": enabled}))
    assert finding.status == "warn"
    assert finding.found.en.endswith(": gone" if enabled else ": gone, ops")


async def test_channels_whose_settings_cannot_be_read_are_named(tmp_path: Path) -> None:
    settings = Settings(server={"data_dir": str(tmp_path)}, notify=routed("ops"), channels=[OPS])
    sealer = Sealer(load_master_key(settings.secrets, tmp_path))
    async with open_database(settings.database, tmp_path) as database:
        await migrate(database)
        for name, sealed in (
            ("good", _sealed(sealer, "good", revealed(checked({**OPS, "name": "good"})))),
            ("newer", _sealed(sealer, "newer", b'{"name": "newer", "type": "pigeon"}')),
            ("shut", _sealed(sealer, "another", b"{}")),
            ("ops", b"the file's counts"),
        ):
            await _put(database, name, sealed)
    given: Any = {name: getattr(settings, name) for name in ("server", "notify", "channels")}
    finding = await found("channels", **given)
    assert finding.status == "fail"
    assert "newer: " in finding.found.zh
    assert "shut: " in finding.found.zh
    assert "good" not in finding.found.zh
    assert finding.fix is not None
    assert "canary" not in str(finding.plain())


async def test_a_store_that_cannot_be_read_is_for_another_probe(
    tmp_path: Path, unused_port: int
) -> None:
    database = {"url": f"postgresql://u:canary@127.0.0.1:{unused_port}/x"}
    given: Any = {"server": {"data_dir": str(tmp_path)}, "database": database, "channels": [OPS]}
    for name in ("channels", "mail accounts"):
        assert (await found(name, **given)).status == "ok"


def test_a_mail_account_that_is_disabled_is_told_of_with_its_reason() -> None:
    finding = examine_mail(ways(MAIL, disabled=(DOWN, replace(DOWN, channel="gone"))))
    assert finding.status == "warn"
    assert "mail/one (" in finding.found.en
    assert finding.found.en.endswith("): 535")
    assert "gone" not in finding.found.en
    assert finding.fix is not None


def test_a_channel_all_of_whose_accounts_are_disabled_sends_nothing() -> None:
    both = DOWN, replace(DOWN, name="two", probe_at=None, error=None)
    assert examine_mail(ways(MAIL, disabled=both)).status == "fail"
    for of in (ways(MAIL), ways({**MAIL, "enabled": False}, disabled=both)):
        assert examine_mail(of).status == "ok"


async def test_what_the_store_knows_of_mail_accounts_is_read(tmp_path: Path) -> None:
    settings = Settings(server={"data_dir": str(tmp_path)})
    async with open_database(settings.database, tmp_path) as database:
        await migrate(database)
        async with database.write() as connection:
            await mail_accounts.put(connection, DOWN)
    finding = await found("mail accounts", server={"data_dir": str(tmp_path)}, channels=[MAIL])
    assert finding.status == "warn"


def _sealed(sealer: Sealer, name: str, plain: bytes) -> bytes:
    return sealer.seal(plain, aad=channel_aad(name))


async def _put(database: Database, name: str, sealed: bytes) -> None:
    row = ChannelRow(
        name=name,
        type="wecom",
        sealed=sealed,
        disabled=False,
        version=1,
        created_at=1.0,
        updated_at=1.0,
    )
    async with database.write() as connection:
        await channels.insert(connection, row)
