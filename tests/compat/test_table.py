import os
from pathlib import Path

import pytest

from tests.compat.clients import lacking, pairs
from tests.compat.columns import COLUMNS
from tests.compat.table import PAGE, Results, committed, markdown, write


def _all() -> Results:
    """What is found where all is well."""
    return {
        (client.label, wiring.name): {
            column: "lacking" if column in lacking(client, wiring) else "passed"
            for column in COLUMNS
        }
        for client, wiring in pairs()
    }


@pytest.mark.skipif("COMPAT_TABLE" in os.environ, reason="it is being written")
def test_the_pages_table_is_what_the_tests_hold() -> None:
    assert committed() == markdown(_all())


def test_what_a_client_lacks_is_a_column_with_a_reason() -> None:
    for client, wiring in pairs():
        lacks = lacking(client, wiring)
        assert set(lacks) < set(COLUMNS)
        assert all(why.zh and why.en for why in lacks.values())


def test_a_table_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- compat: results -->\nold\n<!-- end -->\nafter\n", "utf-8")
    found = _all()
    one = next(iter(found))
    assert not write({one: found[one]}, page)
    assert not write({**found, one: {}}, page)
    assert "old" in page.read_text("utf-8")
    assert write({**found, one: {**found[one], "token": "failed"}}, page)
    text = page.read_text("utf-8")
    assert text.startswith("before\n<!-- compat: results -->\n| ")
    assert text.endswith("<!-- end -->\nafter\n")
    assert text.count("✗") == 1


def test_the_page_says_what_each_column_means() -> None:
    text = PAGE.read_text("utf-8").partition("<!-- end -->")[2]
    for column in COLUMNS:
        assert f"\n| {column} | " in text
