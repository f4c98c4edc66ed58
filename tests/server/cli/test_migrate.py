from pathlib import Path

from server.settings import Settings
from store.engine import open_database
from store.migrate import HEAD, require_current
from tests.server.cli.commands import wxgate_process


async def test_either_database_is_brought_up_and_may_be_again(
    database_url: str, tmp_path: Path
) -> None:
    given = {"WXGATE_DATABASE__URL": database_url, "WXGATE_SERVER__DATA_DIR": str(tmp_path / "d")}
    for _ in range(2):
        done = await wxgate_process("migrate", env=given)
        assert done.exit_code == 0, done.stderr
        assert done.stdout == f"数据库版本 / database at revision {HEAD}\n"
        assert done.stderr == ""
    settings = Settings(database={"url": database_url})
    async with open_database(settings.database, tmp_path / "d") as database:
        await require_current(database)


async def test_a_database_out_of_reach_is_told_without_its_password(unused_port: int) -> None:
    url = f"postgresql://wxgate:canary@127.0.0.1:{unused_port}/wxgate"
    done = await wxgate_process("migrate", env={"WXGATE_DATABASE__URL": url})
    assert done.exit_code == 3
    assert "数据库暂不可用" in done.stderr
    assert "Traceback" not in done.stderr
    assert "canary" not in done.output


async def test_a_url_that_is_none_is_a_fault_of_the_configuration() -> None:
    done = await wxgate_process("migrate", env={"WXGATE_DATABASE__URL": "canary"})
    assert done.exit_code == 2
    assert "database.url: 应形如 postgresql://" in done.stderr
    assert "canary" not in done.output
