from store.templates import VersionRow
from templates.variables import Variable
from templates.version import Version, version_of


def test_a_row_is_read_with_its_variables() -> None:
    row = VersionRow(
        name="weekly",
        number=3,
        text="x",
        variables=[{"name": "title", "max": 9}],
        description="d",
        uses=["foot"],
        note="n",
        author="client:alice",
        created_at=1.0,
    )
    version = version_of(row, "message")
    assert version == Version(
        name="weekly",
        kind="message",
        number=3,
        text="x",
        variables=(Variable(name="title", max=9),),
        description="d",
        uses=("foot",),
        note="n",
        author="client:alice",
        created_at=1.0,
    )
