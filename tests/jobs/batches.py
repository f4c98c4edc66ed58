"""What batches of the tests are made of."""

from jobs import draft_box, materials
from jobs.errand import Errand
from tests.jobs.office import article

__all__ = ["article", "deletion", "tagging"]


def tagging(media_id: str, *tags: str) -> Errand:
    """Calls nobody."""
    return Errand(
        kind=materials.TAG,
        client_id="blog",
        account="main",
        action="material",
        asked={"media_id": media_id, "add": list(tags), "remove": []},
        title=media_id,
    )


def deletion(media_id: str) -> Errand:
    """One call to WeChat."""
    return Errand(
        kind=draft_box.DELETE,
        client_id="blog",
        account="main",
        action="draft",
        asked={"media_id": media_id},
        subject=media_id,
    )
