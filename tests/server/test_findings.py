import pytest

from core.errors import Text
from handlers.doctor import FindingItem
from server.findings import Finding, fail, failed, ok, warn, worst
from server.redis_probe import RedisAwayError

WELL = ok("a", "好", "well")
SO_SO = warn("b", Text("还行", "so so"), Text("修", "mend"))
BAD = fail("c", Text("坏", "bad"), Text("修", "mend"))


def test_a_finding_is_plain_json_in_both_languages() -> None:
    told = fail("x", Text("坏", "bad"), Text("修", "mend")).plain()
    assert FindingItem.model_validate(told).model_dump() == told
    assert ok("x", "好", "well").plain()["fix"] is None


def test_an_error_becomes_a_finding_with_its_hint_as_the_fix() -> None:
    finding = failed("redis", RedisAwayError())
    assert finding.status == "fail"
    assert finding.found == RedisAwayError.message
    assert finding.fix == RedisAwayError.hint


@pytest.mark.parametrize(
    ("findings", "status"),
    [([], "ok"), ([WELL], "ok"), ([WELL, SO_SO], "warn"), ([SO_SO, BAD, WELL], "fail")],
)
def test_the_worst_finding_is_the_status(findings: list[Finding], status: str) -> None:
    assert worst(findings) == status
