from pathlib import Path

from tests.server.cli.commands import wxgate

GOOD = """
[[accounts]]
name = "main"
app_id = "wx0000000000000001"
app_secret = "s"
[[clients]]
id = "blog"
key = "wxg_blog_0123456789abcdefghijklmn"
accounts = ["main"]
scopes = ["draft"]
"""


def test_a_right_configuration_is_named_and_its_oddities_stand_on_stderr(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(GOOD + "[forward]\nlisten = '0.0.0.0:8081'\n")
    done = wxgate("check-config")
    assert done.exit_code == 0
    assert done.stdout == "配置正确 / configuration ok: accounts main; clients blog\n"
    assert "forward.listen" in done.stderr
    assert "not encrypted" in done.stderr


def test_all_faults_come_at_once_and_none_shows_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(
        GOOD.replace("wx0000000000000001", "nonsense").replace("wxg_blog", "canary")
        + '[database]\nurl = "mysql://u:canary@db/x"\n[redis]\nurl = "http://:canary@redis"\n'
    )
    done = wxgate("check-config", "--config", path)
    assert done.exit_code == 2
    assert done.stdout == ""
    for key in ("accounts[0].app_id", "clients[0]", "database.url", "redis.url"):
        assert f"  {key}: " in done.stderr
    assert "canary" not in done.stderr


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    done = wxgate("check-config", "--config", tmp_path / "none.toml")
    assert done.exit_code == 2
    assert "读不了" in done.stderr
    assert "No such file" in done.stderr


def test_an_extension_that_fails_to_load_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(GOOD + '[content]\nextensions = ["nosuch.py"]\n')
    done = wxgate("check-config")
    assert done.exit_code == 2
    assert "nosuch.py" in done.output
