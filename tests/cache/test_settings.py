import pytest
from pydantic import ValidationError

from cache.settings import RedisSettings


@pytest.mark.parametrize("prefix", ["", "a:b", "a b", "x" * 33, "a\n"])
def test_a_prefix_that_could_break_keys_apart_is_refused(prefix: str) -> None:
    with pytest.raises(ValidationError):
        RedisSettings(prefix=prefix)


def test_the_url_with_its_password_is_not_shown() -> None:
    settings = RedisSettings.model_validate({"url": "redis://:hunter2@localhost/0"})
    assert "hunter2" not in repr(settings)
