import json
from pathlib import Path

import pytest

from store import jobs
from store.engine import DatabaseSettings, open_database
from store.lock import lock_data_dir
from store.migrate import migrate
from tests.server.cli.commands import wxgate_process
from tests.store.rows import job_row

PASSPHRASE = "a passphrase of some length"


@pytest.fixture
async def data_dir(tmp_path: Path) -> Path:
    """Of a gateway that has done something."""
    path = tmp_path / "var"
    path.mkdir()
    async with open_database(DatabaseSettings(), path) as database:
        await migrate(database)
        async with database.write() as connection:
            await jobs.insert(connection, job_row())
    (path / "master.key").write_text("ab" * 32 + "\n")
    return path


def given(data_dir: Path, **more: str) -> dict[str, str]:
    return {"WXGATE_SERVER__DATA_DIR": str(data_dir), **more}


async def test_a_backup_is_made_while_the_gateway_runs_and_says_what_is_missing(
    data_dir: Path,
) -> None:
    with lock_data_dir(data_dir):
        done = await wxgate_process("backup", env=given(data_dir))
    assert done.exit_code == 0, done.output
    assert str(data_dir / "master.key") in done.stderr
    [made] = (data_dir / "backup").iterdir()
    assert str(made) in done.stdout
    checked = await wxgate_process("restore", "--check", "--json", made, env=given(data_dir))
    assert json.loads(checked.stdout)["rows"] == {"job": 1}


async def test_an_encrypted_one_is_all_that_another_machine_needs(
    data_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "pass").write_text(PASSPHRASE)
    (tmp_path / "config.toml").write_text('[log]\nlevel = "info"\n')
    passphrase = ("--passphrase-file", tmp_path / "pass")
    config = ("--config", tmp_path / "config.toml")
    done = await wxgate_process(
        *("backup", "--json", "--to", tmp_path / "to", *passphrase, *config), env=given(data_dir)
    )
    made = json.loads(done.stdout)["path"]
    env = given(tmp_path / "new")
    without = await wxgate_process("restore", made, env=env)
    assert (without.exit_code, (tmp_path / "new" / "wxgate.db").exists()) == (3, False)
    done = await wxgate_process("restore", made, *passphrase, env=env)
    assert done.exit_code == 0, done.output
    new = tmp_path / "new"
    assert (new / "master.key").read_text() == "ab" * 32 + "\n"
    assert (new / "config.restored.toml").exists()
    assert f"config.toml → {new / 'config.restored.toml'}" in done.stdout
    assert (new / "pulse.json").exists()
    again = await wxgate_process("restore", made, *passphrase, env=env)
    assert (again.exit_code, "store_not_empty" in again.output) == (3, False)
    assert "已有数据" in again.stderr


async def test_a_store_in_use_is_left_alone(data_dir: Path, tmp_path: Path) -> None:
    await wxgate_process("backup", "--to", tmp_path / "to", env=given(data_dir))
    [made] = (tmp_path / "to").iterdir()
    with lock_data_dir(data_dir):
        done = await wxgate_process("restore", made, env=given(data_dir))
    assert done.exit_code == 3
    assert "正被另一个进程使用" in done.stderr


@pytest.mark.parametrize("name", ["missing", "odd"])
async def test_what_is_no_backup_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "odd").write_bytes(b"\x1f\x8b odd")
    done = await wxgate_process("restore", "--check", tmp_path / name, env=given(tmp_path))
    assert done.exit_code == 3
    assert "读不了备份" in done.stderr
    assert "Traceback" not in done.output
