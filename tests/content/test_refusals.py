import pytest

from content import refusals
from content.pictures import errors
from core.errors import GatewayError

ALL = [
    value
    for module in (refusals, errors)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, GatewayError)
    if value not in (GatewayError, errors.ImageError)
]


def test_codes_are_unique() -> None:
    assert len({refusal.code for refusal in ALL}) == len(ALL)


@pytest.mark.parametrize("refusal", ALL)
def test_every_refusal_is_the_callers_business_or_may_be_tried_again_and_says_what_to_do(
    refusal: type[GatewayError],
) -> None:
    ours = refusal in (refusals.RenderingBusy, refusals.ExtensionBroken)
    assert refusal.status == (503 if ours else 422)
    assert refusal.retryable == ours
    assert refusal.hint is not GatewayError.hint
