from handlers.draft_publish_operations import DRAFT_PUBLISH


def test_a_conflict_over_the_draft_is_among_its_answers() -> None:
    assert {404, 409} <= set(DRAFT_PUBLISH.errors)
