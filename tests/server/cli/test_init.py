import stat
from pathlib import Path

import pytest

from server.settings import load_settings, warnings_of
from tests.server.cli.commands import wxgate

APP_ID = "wx0123456789abcdef"
SECRET = "canary-secret"
GIVEN = ("--app-id", APP_ID, "--app-secret", SECRET)


def test_it_asks_and_writes_a_configuration_that_loads(tmp_path: Path) -> None:
    done = wxgate("init", said=f"{APP_ID}\n{SECRET}\n")
    assert done.exit_code == 0, done.output
    path = tmp_path / "config.toml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    settings = load_settings(path)
    (account,), (client,) = settings.accounts, settings.clients
    assert (account.name, account.app_id) == ("main", APP_ID)
    assert account.app_secret.get_secret_value() == SECRET
    assert client.accounts == ("main",)
    assert list(warnings_of(settings)) == []
    # What a person needs next is shown, what nobody should see is not.
    assert client.key.get_secret_value() in done.output
    assert "wxgate doctor" in done.output
    assert SECRET not in done.output


def test_the_secret_may_come_from_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "new" / "gate.toml"
    done = wxgate(
        *("init", "--app-id", APP_ID, "--name", "news", "--client", "ci", "--config", path),
        *("--listen", "0.0.0.0:9090", "--public-url", "https://gate.example.com"),
        env={"WXGATE_APP_SECRET": SECRET},
    )
    assert done.exit_code == 0, done.output
    settings = load_settings(path)
    assert settings.accounts[0].app_secret.get_secret_value() == SECRET
    assert (settings.accounts[0].name, settings.clients[0].id) == ("news", "ci")
    assert settings.server.listen == "0.0.0.0:9090"
    assert settings.server.public_url == "https://gate.example.com"


def test_two_configurations_never_share_a_key(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        assert wxgate("init", *GIVEN, "--config", tmp_path / name).exit_code == 0
    keys = {load_settings(tmp_path / name).clients[0].key for name in ("a.toml", "b.toml")}
    assert len(keys) == 2


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("mine")
    done = wxgate("init", *GIVEN)
    assert done.exit_code == 2
    assert "已存在" in done.stderr
    assert "exists already" in done.stderr
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (("--app-id", "gh_123", "--app-secret", SECRET), "accounts[0].app_id"),
        ((*GIVEN, "--app-secret", " "), "accounts[0].app_secret"),
        ((*GIVEN, "--name", "主号"), "accounts[0].name"),
        ((*GIVEN, "--client", "My Blog"), "clients[0].id"),
        ((*GIVEN, "--listen", "8080"), "server.listen"),
        ((*GIVEN, "--listen", "127.0.0.1:70000"), "server.listen"),
        ((*GIVEN, "--public-url", "gate.example.com"), "server.public_url"),
    ],
)
def test_nonsense_is_refused_and_leaves_no_file(
    arguments: tuple[str, ...], key: str, tmp_path: Path
) -> None:
    done = wxgate("init", *arguments)
    assert done.exit_code == 2
    assert key in done.stderr
    assert SECRET not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_any_secret_is_written_as_it_is(tmp_path: Path) -> None:
    odd = 'a"b\\c # 密 [x]'
    assert wxgate("init", "--app-id", APP_ID, "--app-secret", odd).exit_code == 0
    settings = load_settings(tmp_path / "config.toml")
    assert settings.accounts[0].app_secret.get_secret_value() == odd


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = wxgate("init", *GIVEN, "--config", tmp_path / "file" / "config.toml")
    assert done.exit_code == 2
    assert "写不了" in done.stderr
