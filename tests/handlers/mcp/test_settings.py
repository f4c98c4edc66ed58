import pytest
from pydantic import ValidationError

from handlers.mcp.settings import McpSettings


def test_agents_are_not_answered_unless_somebody_says_so() -> None:
    assert not McpSettings().enabled


def test_a_client_may_make_at_least_one_call() -> None:
    with pytest.raises(ValidationError):
        McpSettings(max_calls=0)
