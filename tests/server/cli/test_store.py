import os
import re
from pathlib import Path

import pytest
import typer

from core.errors import GatewayError
from server.cli import store
from server.cli.store import Desk, at_the_desk


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WXGATE_SERVER__DATA_DIR", str(tmp_path))
    # Logging is set up for good in a process; this one is the test suite's.
    monkeypatch.setattr(store, "log_to_stderr", lambda: None)


def test_work_is_done_on_the_store_and_signed_by_the_user(tmp_path: Path) -> None:
    async def work(desk: Desk) -> str:
        await desk.audit.note(desk.editor.did("a.b", "s", {}))
        assert (await desk.audit.verify()).rows == 1
        return desk.editor.actor

    assert re.fullmatch("cli:.+", at_the_desk(None, work))
    assert (tmp_path / "wxgate.db").exists()


def test_a_user_without_a_name_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)

    async def work(desk: Desk) -> str:
        return desk.editor.actor

    assert at_the_desk(None, work) == "cli:unknown"


def test_a_failure_is_told_and_ends_with_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    async def work(_desk: Desk) -> None:
        raise GatewayError

    with pytest.raises(typer.Exit) as ended:
        at_the_desk(None, work)
    assert ended.value.exit_code == 1
    assert "网关内部错误" in capsys.readouterr().err
