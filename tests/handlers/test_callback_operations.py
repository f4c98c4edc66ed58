from handlers import callback_operations
from handlers.openapi import Operation


def test_neither_needs_a_key_and_both_may_be_refused() -> None:
    described = [v for v in vars(callback_operations).values() if isinstance(v, Operation)]
    assert len(described) == 2
    assert all(each.public and 403 in each.errors for each in described)
