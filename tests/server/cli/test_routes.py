from pathlib import Path

import orjson

from tests.server.cli.commands import wxgate

RULES = """
[[relay.rules]]
path = "/cgi-bin/freepublish/*"
clients = ["draftsman"]
action = "deny"

[[relay.rules]]
path = "/publish/now"
action = "alias"
to = "/cgi-bin/freepublish/submit"
"""


def test_every_path_of_the_catalogue_is_listed_with_what_it_needs() -> None:
    result = wxgate("routes", "--json")
    assert result.exit_code == 0
    rows = {row["path"]: row for row in orjson.loads(result.stdout)}
    assert rows["/cgi-bin/draft/add"] == {
        "path": "/cgi-bin/draft/add", "method": "POST", "family": "draft", "scope": "draft",
        "rule": "",
    }  # fmt: skip
    # Every key gets tokens, whatever its scopes.
    assert rows["/cgi-bin/token"]["scope"] == rows["/cgi-bin/stable_token"]["scope"] == "-"


def test_rules_stand_beside_the_paths_they_are_about(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(RULES, "utf-8")
    rows = {
        row["path"]: row
        for row in orjson.loads(wxgate("routes", "--json", "--ruled", "--config", config).stdout)
    }
    assert rows["/cgi-bin/freepublish/submit"]["rule"] == "1 deny (draftsman)"
    assert rows["/publish/now"] == {
        "path": "/publish/now", "method": "POST", "family": "freepublish", "scope": "publish",
        "rule": "2 alias → /cgi-bin/freepublish/submit",
    }  # fmt: skip
    assert "/cgi-bin/draft/add" not in rows


def test_the_table_for_people_is_aligned(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(RULES, "utf-8")
    lines = wxgate("routes", "--ruled", "--config", config).stdout.splitlines()
    assert lines[0].startswith("路径 path")
    at = lines[1].index("POST") if "POST" in lines[1] else lines[1].index("GET")
    assert all(line[at - 2 : at] == "  " for line in lines[1:])
