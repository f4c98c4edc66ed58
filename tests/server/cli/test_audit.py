import json
import re
import time
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from accounts.audit import AuditEntry, AuditLog
from accounts.master_key import SecretsSettings, load_master_key
from store.engine import DatabaseSettings, open_database
from store.migrate import migrate
from tests.server.cli.commands import wxgate_process


@pytest.fixture
async def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a store whose log has three entries, an hour apart."""
    master_key = load_master_key(SecretsSettings(), tmp_path)
    times = iter(time.time() - 3_600 * hours for hours in (2.5, 1.5, 0.5))
    async with open_database(DatabaseSettings(url=SecretStr(database_url)), tmp_path) as database:
        await migrate(database)
        log = AuditLog(database, master_key, clock=lambda: next(times))
        for name in ("a", "b", "c"):
            entry = AuditEntry(actor="client:ops", action="client.create", subject=name)
            await log.note(entry)
    return {"WXGATE_DATABASE__URL": database_url, "WXGATE_SERVER__DATA_DIR": str(tmp_path)}


async def test_the_log_is_listed_newest_first(env: dict[str, str]) -> None:
    done = await wxgate_process("audit", "list", "--since", "2h", env=env)
    assert (done.exit_code, done.stderr) == (0, "")
    assert re.fullmatch(
        r" +3  \S+ \S+  client:ops  client.create  c\n +2  \S+ \S+  client:ops  client.create  b\n",
        done.stdout,
    )


async def test_filters_and_json(env: dict[str, str]) -> None:
    wanted = ("--action", "client", "--actor", "client:ops", "--limit", 2, "--json")
    done = await wxgate_process("audit", "list", *wanted, env=env)
    assert [json.loads(line)["subject"] for line in done.stdout.splitlines()] == ["c", "b"]
    assert (await wxgate_process("audit", "list", "--account", "x", env=env)).stdout == ""
    done = await wxgate_process("audit", "list", "--since", "tuesday", env=env)
    assert (done.exit_code, done.stdout) == (2, "")


async def test_a_sound_log_is_told_from_one_with_its_end_cut_off(
    env: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    done = await wxgate_process("audit", "verify", env=env)
    assert done.exit_code == 0, done.stderr
    assert "3 行完好 / rows hold" in done.stdout
    head = done.stdout.split()[-1]
    assert (await wxgate_process("audit", "verify", "--head", head, env=env)).exit_code == 0
    async with open_database(DatabaseSettings(url=SecretStr(database_url)), tmp_path) as database:
        where = "" if database.is_sqlite else " ON audit"
        trigger = "audit_no_delete" if database.is_sqlite else "audit_no_change"
        async with database.write() as connection:
            await connection.execute(text(f"DROP TRIGGER {trigger}{where}"))
            await connection.execute(text("DELETE FROM audit WHERE seq = 3"))
    done = await wxgate_process("audit", "verify", "--head", head, env=env)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "✗ row 3: " in done.stderr


async def test_an_exchanged_master_key_asks_for_the_old_one(
    env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "master.key").rename(tmp_path / "old.key")
    done = await wxgate_process("audit", "verify", env=env)
    assert done.exit_code == 1
    assert "--old-key-file" in done.stderr
    done = await wxgate_process("audit", "verify", "--old-key-file", tmp_path / "old.key", env=env)
    assert done.exit_code == 0, done.stderr
