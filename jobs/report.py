"""What became of each item of a job, for machines and for spreadsheets."""

import csv
import io
from collections.abc import Sequence
from typing import Any

COLUMNS = (
    "index", "title", "state", "job", "media_id", "url", "article_id",
    "error_code", "error", "hint",
)  # fmt: skip
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # of full width too


def report_rows(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row an item of a job as it is shown; "" for what there is not."""
    return [_row(item) for item in items]


def as_csv(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as CSV that spreadsheets open rightly: with a BOM, and no text taken for a formula.

    Source: owasp.org/www-community/attacks/CSV_Injection.
    """
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _harmless(value) for name, value in row.items()})
    return out.getvalue()


def _row(item: dict[str, Any]) -> dict[str, Any]:
    result, error = item.get("result") or {}, item.get("error") or {}
    return {
        "index": item["index"],
        "title": item.get("title", ""),
        "state": str(item["state"]),
        "job": item.get("job", ""),
        **{name: result.get(name) or "" for name in ("media_id", "url", "article_id")},
        "error_code": error.get("code", ""),
        "error": error.get("message", ""),
        "hint": error.get("hint", ""),
    }


def _harmless(value: Any) -> Any:
    return "'" + value if isinstance(value, str) and value.startswith(_FORMULA) else value
