import pytest
from pydantic import ValidationError

from jobs.push_settings import CallbackSettings, WebhookSettings


def test_a_delivery_is_tried_for_about_a_day() -> None:
    assert 20 * 3_600 < sum(WebhookSettings().retry_after_s) < 28 * 3_600


@pytest.mark.parametrize("fault", [{"retry_after_s": ()}, {"retry_after_s": (0,)}, {"x": 1}])
def test_a_schedule_of_no_attempts_is_refused(fault: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WebhookSettings.model_validate(fault)


def test_events_are_kept_longer_than_wechat_repeats_them() -> None:
    with pytest.raises(ValidationError):
        CallbackSettings(keep_s=60)
