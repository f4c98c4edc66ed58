from pathlib import Path
from typing import Any

import pytest

from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxSettings
from tests.e2e.conftest import KEY, configuration
from tests.e2e.processes import serve, write_toml
from tests.server.cli.commands import Done, wxgate_process


def refused(done: Done) -> str:
    """What a start that was refused tells: both languages, what to do, no traceback."""
    assert done.exit_code == 3, done.output
    assert done.stderr.count("\n  → ") == 2
    assert "Traceback" not in done.stderr
    return done.stderr


async def test_a_port_in_use_is_told(taken_port: int) -> None:
    listen = f"127.0.0.1:{taken_port}"
    told = refused(await wxgate_process("serve", "--listen", listen))
    assert f"无法监听 {listen}" in told
    assert f"cannot listen on {listen}" in told


async def test_the_second_on_a_data_dir_is_told_who_is_first(
    tmp_path: Path, unused_port: int
) -> None:
    async with run_sandbox(SandboxSettings()) as sandbox:
        config, url = written(sandbox, tmp_path, unused_port)
        async with serve(config, url, KEY) as first:
            second = await wxgate_process("serve", "-c", config, "--listen", "127.0.0.1:0")
            assert f"pid {first.process.pid}" in refused(second)
            assert (await first.http.get("/health/ready")).status_code == 200
        # The first is gone in order, and with it the lock.
        assert first.process.returncode == 0
        async with serve(config, url, KEY) as third:
            assert (await third.http.get("/health/ready")).status_code == 200


def written(sandbox: RunningSandbox, tmp_path: Path, port: int) -> tuple[Path, str]:
    config = configuration(sandbox, tmp_path / "data", port)
    path = tmp_path / "gate.toml"
    write_toml(path, config)
    return path, config["server"]["public_url"]


async def test_a_postgresql_that_was_not_migrated_is_refused(postgres_url: str) -> None:
    environment = {"WXGATE_DATABASE__URL": postgres_url}
    done = await wxgate_process("serve", "--listen", "127.0.0.1:0", env=environment)
    assert "wxgate migrate" in refused(done)


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"WXGATE_SECRETS__MASTER_KEY_FILE": "none.key"}, "none.key"),
        ({"WXGATE_SERVER__DATA_DIR": "/proc/none"}, "/proc/none"),
    ],
)
async def test_what_it_cannot_start_with_is_named(environment: dict[str, str], told: str) -> None:
    done = await wxgate_process("serve", "--listen", "127.0.0.1:0", env=environment)
    assert told in refused(done)


@pytest.mark.parametrize(
    "arguments",
    [("--listen", "nonsense"), ("--listen", "127.0.0.1:99999"), ("--config", "none.toml")],
)
async def test_wrong_usage_ends_with_2(arguments: tuple[Any, ...]) -> None:
    done = await wxgate_process("serve", *arguments)
    assert done.exit_code == 2
    assert arguments[1] in done.stderr
