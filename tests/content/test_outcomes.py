from dataclasses import replace

from content.article import ImageRef
from content.bring import Arrived, Brought
from content.outcomes import report
from content.pictures.errors import ImageFileMissing
from content.pictures.gate import Fitted
from content.plan import Plan
from tests.content.test_plan import ARTICLE, AT_WECHAT

FITTED = Fitted(b"12345", "image/png", "passed")
MISSING = ImageFileMissing(picture="c.png")


def test_each_picture_has_its_outcome_in_their_order() -> None:
    images = (AT_WECHAT, ImageRef("https://a.com/a?token=SECRET", ""), ImageRef("b.png", ""))
    article = replace(ARTICLE, images=images)
    arrived: Arrived = {
        ("https://a.com/a?token=SECRET", "article"): Brought("https://m/a", FITTED, 9),
        ("b.png", "article"): Brought("https://m/b", None, 7),
        ("cover.png", "cover"): Brought("MEDIA", FITTED, 8),
    }
    outcomes, warnings = report(article, Plan((), "cover.png", None), arrived)
    told = [(one.field, one.src, one.status, one.bytes_in, one.bytes_out) for one in outcomes]
    assert told == [
        ("images[0]", "https://mmbiz.qpic.cn/x/0", "kept", 0, 0),
        ("images[1]", "https://a.com/a", "uploaded", 9, 5),
        ("images[2]", "b.png", "reused", 7, 0),
        ("cover", "cover.png", "uploaded", 8, 5),
    ]
    assert (outcomes[1].format, outcomes[1].action) == ("png", "passed")
    assert warnings == ()


def test_each_failure_says_why_and_what_stands_there_now() -> None:
    images = (ImageRef("a", ""), ImageRef("b", ""), ImageRef("c", "", "background"))
    article = replace(ARTICLE, images=images)
    arrived: Arrived = {
        ("a", "article"): Brought("", None, 0, MISSING),
        ("b", "article"): Brought("https://m/p", FITTED, 0, MISSING),
        ("c", "article"): Brought("", None, 0, MISSING),
        ("cover.png", "cover"): Brought("MEDIA", FITTED, 0, MISSING),
    }
    outcomes, warnings = report(article, Plan((), "cover.png", None), arrived)
    assert [one.status for one in outcomes] == ["failed", "placeholder", "failed", "placeholder"]
    assert {one.reason for one in outcomes} == {"image_file_missing"}
    assert [warning.message.en.rpartition("; ")[2] for warning in warnings] == [
        "its address stays, and WeChat drops it",
        "a placeholder stands for it",
        "the background is left out",
        "the cover is drawn from the title instead",
    ]
    assert [warning.field for warning in warnings] == [one.field for one in outcomes]
    assert all("c.png" in warning.message.zh for warning in warnings)
