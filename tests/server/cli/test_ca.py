import time
from pathlib import Path

import pytest

from server.forward.authority import open_authority
from server.forward.hints import HINTS
from tests.server.cli.commands import wxgate


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = '[server]\ndata_dir = "data"\n[forward]\nlisten = "10.1.2.3:8081"\n'
    (tmp_path / "config.toml").write_text(text)


def test_without_a_ca_it_is_said_how_to_get_one() -> None:
    done = wxgate("ca", "show")
    assert done.exit_code == 1
    assert "[forward] listen" in done.stderr
    assert not Path("data").exists()  # who looks makes nothing


def test_it_is_shown_without_its_key() -> None:
    authority = open_authority(Path("data/ca"), ["api.weixin.qq.com"], clock=time.time)
    done = wxgate("ca", "show")
    assert done.exit_code == 0
    assert authority.fingerprint in done.stdout
    assert "api.weixin.qq.com" in done.stdout
    assert wxgate("ca", "show", "--pem").stdout.encode() == authority.pem


def test_each_hint_names_the_file_or_the_proxy() -> None:
    open_authority(Path("data/ca"), ["api.weixin.qq.com"], clock=time.time)
    every = wxgate("ca", "install-hint").stdout
    for name in HINTS:
        done = wxgate("ca", "install-hint", name)
        assert done.exit_code == 0
        assert done.stdout in every
        assert str(Path("data/ca/ca.pem").resolve()) in done.stdout or "10.1.2.3" in done.stdout
        assert not {"{ca}", "{proxy}", "{host}", "{port}"} & set(done.stdout.split())
    assert "http://<id>:$WXGATE_KEY@10.1.2.3:8081" in every


def test_a_copy_on_another_machine_needs_no_ca_here(tmp_path: Path) -> None:
    authority = open_authority(tmp_path / "far", ["api.weixin.qq.com"], clock=time.time)
    (tmp_path / "wxgate-ca.pem").write_bytes(authority.pem)
    done = wxgate("ca", "install-hint", "windows", "--ca", "wxgate-ca.pem")
    assert done.exit_code == 0
    assert "certutil -user -addstore Root wxgate-ca.pem\n# 撤销 / undo\n" in done.stdout
    assert 'certutil -user -delstore Root "wxgate CA ' in done.stdout
    missing = wxgate("ca", "install-hint", "windows", "--ca", "nowhere.pem")
    assert missing.exit_code == 2
    assert "nowhere.pem" in missing.stderr


def test_what_is_no_certificate_of_ours_is_told_and_nothing_else() -> None:
    Path("data/ca").mkdir(parents=True)
    Path("data/ca/ca.pem").write_bytes(b"\xffgarbage")
    for command in (["show"], ["show", "--pem"], ["install-hint"]):
        done = wxgate("ca", *command)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "wxgate ca show --pem" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_path_that_a_shell_might_run_is_refused(tmp_path: Path) -> None:
    authority = open_authority(tmp_path / "far", ["api.weixin.qq.com"], clock=time.time)
    (tmp_path / "$(id).pem").write_bytes(authority.pem)
    done = wxgate("ca", "install-hint", "--ca", "$(id).pem")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "'$(id).pem'" in done.stderr
    assert "wxgate-ca.pem" in done.stderr


def test_an_unknown_system_is_told_which_there_are() -> None:
    done = wxgate("ca", "install-hint", "amiga")
    assert done.exit_code == 2
    assert "debian" in done.stderr
