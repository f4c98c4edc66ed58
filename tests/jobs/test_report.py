import csv
import io

import pytest

from jobs.report import COLUMNS, as_csv, report_rows


def test_a_row_says_what_there_is() -> None:
    (row,) = report_rows(
        [{"index": 3, "state": "succeeded", "job": "job_1", "result": {"url": "u"}}]
    )
    assert tuple(row) == COLUMNS
    assert (row["index"], row["job"], row["url"], row["error_code"]) == (3, "job_1", "u", "")


def test_a_spreadsheet_takes_no_text_for_a_formula() -> None:
    titles = ["=1+1", "@x", "-1", "+1", "文, 字\n二", "一"]
    rows = report_rows([{"index": n, "state": "failed", "title": t} for n, t in enumerate(titles)])
    text = as_csv(rows)
    assert text.startswith("\ufeff")
    read = list(csv.DictReader(io.StringIO(text[1:], newline="")))
    assert [row["title"] for row in read] == ["'=1+1", "'@x", "'-1", "'+1", "文, 字\n二", "一"]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"])
def test_no_text_is_taken_for_a_formula(begin: str) -> None:
    rows = report_rows([{"index": 0, "state": "failed", "title": f"{begin}1+1"}])
    assert f"'{begin}1+1" in as_csv(rows)
