"""Templates and values as they lie on disk; server/cli/template_files.py."""

import json
from pathlib import Path

import pytest
from wxgate_client.session import UsageFault

from server.cli.template_files import articles_of, read_template, read_values

DECLARED = [{"name": "title", "max": 32}]


def test_what_a_template_declares_stands_beside_it_or_where_it_is_said(tmp_path: Path) -> None:
    path = tmp_path / "daily.md"
    path.write_text("# {{ title }}\n", "utf-8")
    assert read_template(path, None) == {"text": "# {{ title }}\n"}
    (tmp_path / "daily.yaml").write_text("- name: title\n  max: 32\n", "utf-8")
    assert read_template(path, None)["variables"] == DECLARED
    whole = {"name": "daily", "version": 2, "kind": "article", "description": "早报"}
    declared = tmp_path / "other.json"
    declared.write_text(json.dumps({**whole, "variables": DECLARED}), "utf-8")
    assert read_template(path, declared) == {
        "text": "# {{ title }}\n",
        "kind": "article",
        "description": "早报",
        "variables": DECLARED,
    }
    with pytest.raises(UsageFault):
        read_template(tmp_path / "none.md", None)


def test_each_row_is_an_article_and_settings_are_for_all(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("team,day\n前端,\n后端,2026-12-01\n", "utf-8")
    rows = read_values(table, ["editor=小王", "link=a=b"])
    common = {"editor": "小王", "link": "a=b"}
    assert rows == [{"team": "前端", **common}, {"team": "后端", "day": "2026-12-01", **common}]
    assert articles_of("weekly@2", rows, "publish").said["items"][0] == {
        "template": "weekly@2",
        "variables": rows[0],
        "action": "publish",
    }
    assert read_values(None, []) == [{}]


@pytest.mark.parametrize("settings", [["a"], ["=b"]])
def test_a_setting_without_name_or_value_is_refused(settings: list[str]) -> None:
    with pytest.raises(UsageFault):
        read_values(None, settings)


@pytest.mark.parametrize("text", ["[]", "[3]"])
def test_values_without_a_row_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageFault):
        read_values(path, [])
