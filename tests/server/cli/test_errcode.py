import json

from tests.server.cli.commands import wxgate


def test_a_code_is_explained_with_what_to_do() -> None:
    done = wxgate("errcode", "40164")
    assert done.exit_code == 0
    assert "IP 不在白名单" in done.stdout
    assert "API IP 白名单" in done.stdout


def test_a_pasted_errmsg_gives_code_and_ip() -> None:
    done = wxgate("errcode", "invalid", "ip", "203.0.113.7,", "not in whitelist", "--json")
    told = json.loads(done.stdout)
    assert told["ip"] == "203.0.113.7"
    assert told["items"][0]["errcode"] == 40164


def test_the_terminal_decides_the_language() -> None:
    done = wxgate("errcode", "45003", env={"LC_ALL": "en_US.UTF-8"})
    assert "the title is too long" in done.stdout


def test_what_is_not_known_ends_with_1() -> None:
    done = wxgate("errcode", "987654")
    assert done.exit_code == 1
    assert "987654" in done.output
