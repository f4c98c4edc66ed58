import pytest
from pydantic import ValidationError

from content.settings import ContentSettings


def test_twenty_pictures_are_on_their_way_at_once_by_default() -> None:
    assert ContentSettings().image_concurrency >= 20


@pytest.mark.parametrize("wrong", [{"image_concurrency": 0}, {"length_rule": "x"}, {"nosuch": 1}])
def test_faults_are_named_by_their_key(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        ContentSettings.model_validate(wrong)


def test_limits_of_workers_come_from_the_settings() -> None:
    settings = ContentSettings(
        worker_memory_mb=300, worker_cpu_s=5, render_cpu_s=1, worker_wall_s=2, worker_idle_s=4
    )
    assert settings.worker_limits() == (300, 5, 1, 2, 4)
