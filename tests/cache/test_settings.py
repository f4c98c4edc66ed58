import pytest
from pydantic import ValidationError

from cache.settings import CacheSettings, RedisSettings


@pytest.mark.parametrize("prefix", ["", "a:b", "a b", "x" * 33, "a\n"])
def test_a_prefix_that_could_break_keys_apart_is_refused(prefix: str) -> None:
    with pytest.raises(ValidationError):
        RedisSettings(prefix=prefix)


def test_the_url_with_its_password_is_not_shown() -> None:
    settings = RedisSettings.model_validate({"url": "redis://:hunter2@localhost/0"})
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    ["redis://:hunter2/x@localhost:6379", "redis://:hunter2@localhost:99999", "hunter2", "redis://[h"],
)  # fmt: skip
def test_a_url_that_redis_cannot_use_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        RedisSettings.model_validate({"url": url})
    assert "hunter2" not in str(caught.value)
    assert "redis://:password@host" in str(caught.value)


def test_answers_are_kept_unless_that_is_switched_off() -> None:
    assert CacheSettings().response
    with pytest.raises(ValidationError):
        CacheSettings(response_max_age_s=100_000)
