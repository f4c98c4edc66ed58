from handlers.job_reviews_operations import PREVIEW, RESOLVE, RETRY_MANY


def test_what_each_can_end_in_is_said() -> None:
    assert 409 in RESOLVE.errors  # not in review
    assert 404 not in RETRY_MANY.errors  # each id has its own answer
    assert 502 in PREVIEW.errors  # a draft is read at WeChat
