import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from notify.settings import Route
from server.faults import BadConfigurationError
from server.settings import Settings, load_settings, warnings_of

SECRET = "CANARYSECRETCANARYSECRET"
KEY = "wxg_blog_CANARYKEY0123456789abcdef"

GOOD = f"""
[server]
listen = "0.0.0.0:9090"
[[accounts]]
name = "main"
app_id = "wx0000000000000001"
app_secret = "{SECRET}"
[[clients]]
id = "blog"
key = "{KEY}"
accounts = ["main"]
scopes = ["relay:read", "draft"]
"""

TWIN = """
[[accounts]]
name = "other"
app_id = "wx0000000000000001"
app_secret = "x"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    return path


def faults(tmp_path: Path, text: str) -> dict[str, str]:
    with pytest.raises(BadConfigurationError) as caught:
        load_settings(write(tmp_path, text))
    assert SECRET not in str(caught.value)
    assert KEY not in str(caught.value)
    return {fault.key: fault.problem.en for fault in caught.value.faults}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("WXGATE_")]:
        monkeypatch.delenv(name)


def test_defaults_alone_are_a_valid_configuration() -> None:
    settings = load_settings(None)
    assert settings.server.listen == "127.0.0.1:8080"
    assert settings.upstream.base_urls[0] == "https://api.weixin.qq.com"
    assert [fault.key for fault in warnings_of(settings)] == ["accounts", "clients"]


def test_a_file_is_read(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, GOOD))
    assert settings.server.listen == "0.0.0.0:9090"
    assert settings.accounts[0].app_secret.get_secret_value() == SECRET
    assert SECRET not in repr(settings)
    assert list(warnings_of(settings)) == []


def test_the_environment_ranks_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WXGATE_SERVER__LISTEN", "127.0.0.1:7070")
    monkeypatch.setenv("WXGATE_FETCH__ALLOW_PORTS", "[80, 8443]")
    monkeypatch.setenv("WXGATE_URL", "http://belongs-to-the-cli")
    monkeypatch.setenv("WXGATE_KEY", "belongs-to-the-cli")
    settings = load_settings(write(tmp_path, GOOD))
    assert settings.server.listen == "127.0.0.1:7070"
    assert settings.fetch.allow_ports == (80, 8443)
    assert settings.accounts[0].name == "main"


def test_secrets_may_stand_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    (tmp_path / "key").write_text(KEY + "\n")
    (tmp_path / "redis").write_text("redis://:pw@127.0.0.1/0\n")
    monkeypatch.setenv("WXGATE_REDIS__URL_FILE", str(tmp_path / "redis"))
    text = GOOD.replace(
        f'app_secret = "{SECRET}"', f'app_secret_file = "{tmp_path / "secret"}"'
    ).replace(f'key = "{KEY}"', f'key_file = "{tmp_path / "key"}"')
    settings = load_settings(write(tmp_path, text))
    assert settings.accounts[0].app_secret.get_secret_value() == SECRET
    assert settings.clients[0].key.get_secret_value() == KEY
    assert "pw" not in repr(settings)


def test_all_faults_come_at_once_with_their_keys(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        GOOD.replace("wx0000000000000001", "nonsense")
        .replace('"relay:read"', '"everything"')
        .replace('listen = "0.0.0.0:9090"', 'listen = "nowhere"\nworkers = 0\nlisen = 1')
        + "\n[fetch]\ntimeout_s = -1\n[[clients]]\nid = 'x'\nkey_file = '/nonexistent/key'\n",
    )
    assert {
        "server.listen",
        "server.workers",
        "server.lisen",
        "accounts[0].app_id",
        "clients[0].scopes[0]",
        "fetch.timeout_s",
        "clients[1].key_file",
        "clients[1].accounts",
    } <= set(found)
    assert "No such file" in found["clients[1].key_file"]


@pytest.mark.parametrize(
    ("change", "key"),
    [
        (("listen", "workers = 4\nlisten"), "server.workers"),
        (("listen", 'public_url = "gate"\nlisten'), "server.public_url"),
        (("listen", 'public_url = "http://["\nlisten'), "server.public_url"),
        (("[[accounts]]", '[upstream]\nca_file = "/dev/null"\n[[accounts]]'), "upstream.ca_file"),
        (("[[accounts]]", '[upstream]\nca_file = "/none"\n[[accounts]]'), "upstream.ca_file"),
        (
            ("[[clients]]", GOOD[GOOD.index("[[acc") : GOOD.index("[[cl")] + "[[clients]]"),
            "accounts[1].name",
        ),
        (("[[clients]]", TWIN + "[[clients]]"), "accounts[1].app_id"),
    ],
)
def test_keys_that_contradict_each_other_are_faults(
    tmp_path: Path, change: tuple[str, str], key: str
) -> None:
    assert key in faults(tmp_path, GOOD.replace(*change, 1))


@pytest.mark.parametrize("text", ["[server", "a = 1\na = 2", "\udc80"])
def test_broken_toml_names_the_file_and_the_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadConfigurationError) as caught:
        load_settings(path)
    assert caught.value.faults[0].key == str(path)


def test_a_missing_file_is_a_clear_fault(tmp_path: Path) -> None:
    with pytest.raises(BadConfigurationError, match="No such file"):
        load_settings(tmp_path / "nothing.toml")


def test_several_processes_on_what_they_share_are_nothing_to_warn_of(tmp_path: Path) -> None:
    text = GOOD.replace("[server]\n", "[server]\nworkers = 2\n") + '\n[redis]\nurl = "redis://h"\n'
    text += '[database]\nurl = "postgresql://h/d"\n'
    assert not list(warnings_of(load_settings(write(tmp_path, text))))


@pytest.mark.parametrize(
    ("listen", "warned"), [("127.0.0.1:8081", False), ("[::1]:8081", False), ("0.0.0.0:8081", True)]
)
def test_a_forward_proxy_for_other_machines_is_warned_of(
    tmp_path: Path, listen: str, *, warned: bool
) -> None:
    text = GOOD + f'\n[forward]\nlisten = "{listen}"\n'
    keys = [fault.key for fault in warnings_of(load_settings(write(tmp_path, text)))]
    assert keys == (["forward.listen"] if warned else [])


@pytest.mark.parametrize("listen", ["8081", "127.0.0.1", "127.0.0.1:99999", "0.0.0.0:9090"])
def test_the_forward_proxy_wants_a_port_of_its_own(tmp_path: Path, listen: str) -> None:
    with pytest.raises(BadConfigurationError, match=r"forward\.listen"):
        load_settings(write(tmp_path, GOOD + f'\n[forward]\nlisten = "{listen}"\n'))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('rate_limit = "0/minute"', "clients[0].rate_limit"),
        ('rate_limit = "-5/minute"', "clients[0].rate_limit"),
        ('limits = { "/cgi-bin/*" = "many" }', "clients[0].limits./cgi-bin/*"),
        ('[limits]\n"/cgi-bin/*" = "10"', "limits./cgi-bin/*"),
        ('[limits]\n"cgi-bin/menu" = "10/minute"', "limits.cgi-bin/menu.[key]"),
        ('[limits]\n"/cgi-bin/*/get" = "10/minute"', "limits./cgi-bin/*/get.[key]"),
    ],
)
def test_a_limit_that_is_none_is_named_with_its_key(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(BadConfigurationError) as refused:
        load_settings(write(tmp_path, f"{GOOD}\n{text}\n"))
    assert [fault.key for fault in refused.value.faults] == [key]


def test_limits_may_be_switched_off(tmp_path: Path) -> None:
    text = GOOD + '\nrate_limit = "none"\n[limits]\n"/cgi-bin/menu/get" = ""\n'
    settings = load_settings(write(tmp_path, text))
    assert (settings.clients[0].rate_limit, settings.limits["/cgi-bin/menu/get"]) == ("none", "")


def fields(model: type[BaseModel], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found += fields(inner, f"{prefix}{name}.")
        else:
            found.append((prefix + name, field))
    return found


def test_every_key_stands_in_the_example_with_its_default() -> None:
    root = Path(__file__).parents[2]
    example = tomllib.loads((root / "config.example.toml").read_text("utf-8"))
    plain = json.loads(Settings().model_dump_json())
    for key, field in fields(Settings):
        *sections, name = key.split(".")
        if not sections:
            continue
        assert field.description, key
        table, values = example, plain
        for section in sections:
            table, values = table[section], values[section]
        assert name in table, f"{key} is missing from config.example.toml"
        if key == "notify.routes":  # the one list of tables: an example says more than none
            assert set(table[name][0]) == set(Route.model_fields)
        elif field.default is not None and "secret" not in str(field.annotation).lower():
            assert table[name] == values[name], key
    for kind in ("accounts", "clients"):
        model = Settings.model_fields[kind].annotation.__args__[0]  # type: ignore[union-attr]
        for name in model.model_fields:
            assert name in example[kind][0] or f"{name}_file" in example[kind][0], name


def test_the_example_is_valid_once_its_secrets_are_filled_in() -> None:
    root = Path(__file__).parents[2]
    settings = load_settings(root / "config.example.toml")
    assert settings.accounts
    assert settings.clients


def test_faults_of_word_lists_are_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("甲\tshout\n")
    settings = Settings(content={"words": {"folder": str(tmp_path)}})
    told = {warning.key: warning.problem.en for warning in warnings_of(settings)}
    assert told["content.words"].startswith("a.txt: line 1")


def test_two_channels_of_one_name_and_a_wrong_key_are_faults(tmp_path: Path) -> None:
    entry = '[[channels]]\nname = "ops"\ntype = "bark"\ndevice_key = "canary"\n'
    path = tmp_path / "config.toml"
    path.write_text(entry + entry, "utf-8")
    with pytest.raises(BadConfigurationError) as caught:
        load_settings(path)
    assert [fault.key for fault in caught.value.faults] == ["channels[1].name"]
    path.write_text(entry + 'colour = "red"\n', "utf-8")
    with pytest.raises(BadConfigurationError) as caught:
        load_settings(path)
    assert [fault.key for fault in caught.value.faults] == ["channels[0].colour"]
    assert "canary" not in str(caught.value)
    for kind, problem in (('type = "pigeon"', "type 只能是"), ("", "缺少 type")):
        path.write_text(f'[[channels]]\nname = "ops"\n{kind}\n', "utf-8")
        with pytest.raises(BadConfigurationError) as caught:
            load_settings(path)
        ((key, text),) = caught.value.faults
        assert (key, text.zh.startswith(problem)) == ("channels[0]", True)


def test_a_secret_of_a_channel_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("canary\n", "utf-8")
    path = tmp_path / "config.toml"
    entry = f'[[channels]]\nname = "me"\ntype = "bark"\ndevice_key_file = "{secret}"\n'
    path.write_text(entry, "utf-8")
    (channel,) = load_settings(path).channels
    assert channel.model_dump()["device_key"].get_secret_value() == "canary"
    assert "canary" not in repr(channel)


def test_a_route_to_a_channel_that_is_not_here_is_warned_of() -> None:
    settings = Settings(notify={"routes": [{"channels": ["elsewhere"]}]})
    warned = {fault.key: fault.problem.en for fault in warnings_of(settings)}
    assert "elsewhere" in warned["notify.routes[0].channels"]
