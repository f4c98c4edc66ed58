from pathlib import Path

import pytest
from wxgate_client.session import UsageFault

from server.cli.rows import read_rows


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '[{"media_id": "M", "add": ["猫", "狗"]}]'),
        ("a.jsonl", '{"media_id": "M", "add": ["猫", "狗"]}\n\n'),
        ("a.yaml", "- media_id: M\n  add: [猫, 狗]\n"),
        ("a.csv", '\ufeffmedia_id,add,remove\nM,"[""猫"", ""狗""]",\n,,\n'),
    ],
)
def test_items_stand_in_files_of_several_kinds(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    assert read_rows(tmp_path / name) == [{"media_id": "M", "add": ["猫", "狗"]}]


def test_a_table_fills_templates_also_as_spreadsheets_save_it_in_china(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("template,variables.team,variables.done\nweekly,前端,[甲](乙)\n".encode("gbk"))
    assert read_rows(path) == [
        {"template": "weekly", "variables": {"team": "前端", "done": "[甲](乙)"}}
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{"),
        ("a.json", "3"),
        ("a.jsonl", "{}\n{"),
        ("a.yaml", "a: [\n"),
        ("a.csv", "a,b\n1,2,3\n"),
        ("a.csv", "a,a.b\n1,2\n"),
        ("a.csv", 'a\n"1\n'),
        ("a.txt", "{}"),
    ],
)
def test_what_cannot_be_read_is_a_fault_of_usage(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(UsageFault):
        read_rows(tmp_path / name)
    with pytest.raises(UsageFault, match="cannot read"):
        read_rows(tmp_path / f"none-{name.replace('txt', 'csv')}")


def test_a_file_that_is_not_there_is_not_called_one_of_a_wrong_kind(tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match="no such file"):
        read_rows(tmp_path / "none")
