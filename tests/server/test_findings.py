from core.errors import Text
from handlers.doctor import FindingItem
from server.findings import fail, failed, ok
from server.redis_probe import RedisAwayError


def test_a_finding_is_plain_json_in_both_languages() -> None:
    told = fail("x", Text("坏", "bad"), Text("修", "mend")).plain()
    assert FindingItem.model_validate(told).model_dump() == told
    assert ok("x", "好", "well").plain()["fix"] is None


def test_an_error_becomes_a_finding_with_its_hint_as_the_fix() -> None:
    finding = failed("redis", RedisAwayError())
    assert finding.status == "fail"
    assert finding.found == RedisAwayError.message
    assert finding.fix == RedisAwayError.hint
