import secrets
from pathlib import Path

from accounts.account_book import AccountBook
from accounts.account_forms import checked
from accounts.account_secrets import AccountSecrets
from accounts.audit import AuditLog
from accounts.edits import Editor
from accounts.master_key import Sealer, load_master_key
from accounts.official import Accounts
from sandbox.server import run_sandbox
from sandbox.settings import VERIFIED, SandboxSettings
from server.settings import Settings
from server.store import open_store
from server.tools import open_doctor, open_prober
from store.engine import Database


def settings(url: str, tmp_path: Path) -> Settings:
    """No account in the file."""
    return Settings(
        server={"data_dir": str(tmp_path)},
        upstream={"base_urls": [url], "mp_base_url": url, "timeout_s": 2},
    )


async def add_account(database: Database, master_key: bytes) -> None:
    audit = AuditLog(database, master_key, clock=lambda: 1.0)
    secrets = AccountSecrets(Sealer(master_key))
    book = AccountBook(database, secrets, audit, Accounts([]), clock=lambda: 1.0)
    account = {"name": "stored", "app_id": VERIFIED.app_id, "app_secret": VERIFIED.app_secret}
    await book.add(checked(account), Editor("cli:root"))


async def test_the_doctor_examines_the_accounts_of_the_store_too(tmp_path: Path) -> None:
    async with run_sandbox(SandboxSettings()) as sandbox:
        given = settings(sandbox.url, tmp_path)
        master_key = load_master_key(given.secrets, tmp_path)
        async with open_store(given) as database:
            await add_account(database, master_key)
        async with open_doctor(given) as doctor:
            found = {finding.name: finding.status async for finding in doctor.examine()}
        assert found["stored: token"] == found["stored: publish"] == "ok"
        assert "account" not in found
        (tmp_path / "master.key").write_text(secrets.token_hex(32))
        async with open_doctor(given) as doctor:
            found = {finding.name: finding.status async for finding in doctor.examine()}
        assert found["stored: secrets"] == "fail"
        assert "stored: token" not in found


async def test_what_a_command_found_out_is_kept_for_the_gateway(tmp_path: Path) -> None:
    async with run_sandbox(SandboxSettings()) as sandbox:
        given = settings(sandbox.url, tmp_path)
        master_key = load_master_key(given.secrets, tmp_path)
        async with open_store(given) as database:
            await add_account(database, master_key)
            async with open_prober(given, database, master_key) as prober:
                kept = await prober.probe("stored")
            assert kept.facts is not None
            assert kept.facts.freepublish is True
            async with open_prober(given, database, master_key) as prober:
                assert await prober.probe_next() is None  # not due again
