from content.manuscript import Body
from content.steps.tables import wrap_tables
from tests.content.conftest import manuscript


def test_each_table_stands_in_a_section_of_its_own() -> None:
    body = Body("<p>a</p><table><tr><td>1</td></tr></table><p>b</p>")
    wrap_tables(manuscript(), body)
    assert body.serialize() == (
        '<p>a</p><section class="table"><table><tbody><tr><td>1</td></tr></tbody></table></section>'
        "<p>b</p>"
    )
