from dataclasses import dataclass

from pydantic import BaseModel

from handlers.views import view_of


class _View(BaseModel):
    id: str
    by: str
    made_at: str
    done_at: str | None


@dataclass
class _Row:
    id: str = "x"
    client: str = "blog"
    made_at: float = 0.0
    done_at: float | None = None


def test_a_row_is_shown_in_the_order_of_the_form_with_times_as_people_write_them() -> None:
    seen = view_of(_View, _Row(), by="somebody")
    shown = {"id": "x", "by": "somebody", "made_at": "1970-01-01T00:00:00.000Z", "done_at": None}
    assert list(seen.items()) == list(shown.items())


def test_what_is_told_goes_before_what_the_row_has() -> None:
    assert view_of(_View, _Row(), by="a", id="y", done_at="never")["done_at"] == "never"
