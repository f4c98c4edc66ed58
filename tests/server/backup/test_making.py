import gzip
import json
from pathlib import Path

import pytest

from server.backup.making import BackupFailed, Target, make_backup, read_passphrase, remove_old
from store import jobs
from store.engine import Database
from tests.store.rows import job_row

NOW = 1_795_000_000.0


async def test_a_backup_is_lines_of_json_with_its_end(database: Database, tmp_path: Path) -> None:
    async with database.write() as connection:
        await jobs.insert(connection, job_row(title="文"))
    made = await make_backup(database, Target(tmp_path / "to"), now=NOW)
    assert made.path.name == "wxgate-20261118-190640.backup"
    lines = [json.loads(line) for line in gzip.decompress(made.path.read_bytes()).splitlines()]
    assert lines[0]["wxgate_backup"] == 1
    assert [line["row"]["title"] for line in lines if line.get("table") == "job"] == ["文"]
    assert lines[-1]["end"]["job"] == 1
    assert made.size == made.path.stat().st_size


async def test_secret_files_go_along_under_a_passphrase_alone(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "master.key").write_text("canary")
    files = {"master.key": tmp_path / "master.key"}
    plain = await make_backup(database, Target(tmp_path, files=files), now=NOW)
    assert b"master.key" not in gzip.decompress(plain.path.read_bytes())
    sealed = await make_backup(database, Target(tmp_path, "p" * 12, files), now=NOW + 1)
    assert b"canary" not in sealed.path.read_bytes()


async def test_one_that_is_there_is_not_written_over(database: Database, tmp_path: Path) -> None:
    made = await make_backup(database, Target(tmp_path), now=NOW)
    before = made.path.read_bytes()
    with pytest.raises(BackupFailed):
        await make_backup(database, Target(tmp_path), now=NOW)
    assert made.path.read_bytes() == before


async def test_a_folder_that_cannot_be_told_so(database: Database, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupFailed, match="file"):
        await make_backup(database, Target(tmp_path / "file" / "to"), now=NOW)


def test_a_passphrase_must_be_long_enough_and_there(tmp_path: Path) -> None:
    path = tmp_path / "p"
    assert read_passphrase("") == ""
    with pytest.raises(BackupFailed, match="cannot read"):
        read_passphrase(str(path))
    path.write_text("canary\n")
    with pytest.raises(BackupFailed) as failed:
        read_passphrase(str(path))
    assert "canary" not in str(failed.value)
    path.write_text("  twelve chars!\n")
    assert read_passphrase(str(path)) == "twelve chars!"


def test_the_newest_stay(tmp_path: Path) -> None:
    names = [f"wxgate-2026112{day}-000000.backup" for day in range(5)]
    for name in (*names, "other"):
        (tmp_path / name).write_text("")
    assert [path.name for path in remove_old(tmp_path, 2)] == names[:3]
    assert {path.name for path in tmp_path.iterdir()} == {*names[3:], "other"}
