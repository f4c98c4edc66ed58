from handlers import replicas_operations
from handlers.openapi import Operation


def test_each_needs_a_key_and_says_so() -> None:
    described = [v for v in vars(replicas_operations).values() if isinstance(v, Operation)]
    assert len(described) == 2
    assert all({401, 403} <= set(each.errors) and not each.public for each in described)
