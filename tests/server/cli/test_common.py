from pathlib import Path

import pytest
import typer
from wxgate_client.session import UsageFault

from core.errors import GatewayError, Text
from server.cli.common import (
    fail_with,
    in_language,
    print_warnings,
    read_settings,
    tells_usage_faults,
)

BAD = '[server]\nlisten = "nowhere"\nworkers = 0\n[fetch]\nnothing = 1\n'


class _Broken(GatewayError):
    message = Text("坏了：{what}", "broken: {what}")
    hint = Text("修 {what}", "mend {what}")


def test_the_configuration_of_the_folder_is_found(tmp_path: Path) -> None:
    assert read_settings(None).server.listen == "127.0.0.1:8080"
    (tmp_path / "config.toml").write_text('[server]\nlisten = "127.0.0.1:1"')
    assert read_settings(None).server.listen == "127.0.0.1:1"
    other = tmp_path / "other.toml"
    other.write_text('[server]\nlisten = "127.0.0.1:2"')
    assert read_settings(other).server.listen == "127.0.0.1:2"


def test_every_fault_is_told_in_both_languages_and_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text(BAD)
    with pytest.raises(typer.Exit) as ended:
        read_settings(None)
    assert ended.value.exit_code == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "3 处错误" in told.err
    assert "server.listen: 应为 HOST:PORT" in told.err
    assert "server.workers: 不能小于 1 / Input should be greater than or equal to 1" in told.err
    assert "fetch.nothing: 没有这个配置项" in told.err


def test_an_error_is_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        fail_with(_Broken(what="钟"))
    assert ended.value.exit_code == 3
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "坏了：钟\n  → 修 钟\nbroken: 钟\n  → mend 钟\n"


def test_a_usage_fault_is_told_and_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, tells_usage_faults():
        raise UsageFault("没有文件", "no file")
    assert (ended.value.exit_code, capsys.readouterr().err) == (2, "没有文件\nno file\n")


def test_warnings_leave_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    print_warnings(read_settings(None))
    told = capsys.readouterr()
    assert told.out == ""
    assert "accounts: 这里还没有" in told.err
    assert "nobody can call" in told.err


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({}, "是"),
        ({"LANG": "C.UTF-8"}, "是"),
        ({"LANG": "POSIX"}, "是"),
        ({"LANG": "zh_CN.UTF-8"}, "是"),
        ({"LANG": "en_US.UTF-8"}, "yes"),
        ({"LANG": "cs_CZ.UTF-8"}, "yes"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_TW.UTF-8"}, "是"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "de_DE"}, "yes"),
    ],
)
def test_the_terminals_language_is_spoken(
    environment: dict[str, str], spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert in_language(Text("是", "yes")) == spoken
