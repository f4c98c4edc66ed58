import pytest
from pydantic import ValidationError

from sandbox.models import Menu, Publication


def test_records_cannot_be_changed_behind_the_stores_back() -> None:
    with pytest.raises(ValidationError):
        Menu(body="{}").body = "other"  # type: ignore[misc]


def test_a_publication_comes_back_from_json_as_it_was() -> None:
    publication = Publication(
        media_id="m",
        publish_status=1,
        outcome=0,
        done_at=1.25,
        article_id="a",
        articles=(),
        update_time=1,
    )
    assert Publication.model_validate_json(publication.model_dump_json()) == publication
