from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import GatewayError


@contextmanager
def blame(field: str) -> Iterator[None]:
    """Say which field an error is about, where it does not say so itself."""
    try:
        yield
    except GatewayError as error:
        error.field = error.field or field
        raise


@contextmanager
def blame_within(path: str) -> Iterator[None]:
    """Put `path` ("articles[1].") before the field that an error is about."""
    try:
        yield
    except GatewayError as error:
        if path:
            error.field = path + error.field if error.field else path.rstrip(".")
        raise


@contextmanager
def first_of_group() -> Iterator[None]:
    """Raise the first GatewayError itself instead of the group that holds it.

    Without one, what all of the group are: a caller that waits for it knows no groups.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        refusals = group.subgroup(GatewayError)
        if refusals is not None:
            raise refusals.exceptions[0] from None
        kinds = {type(each) for each in group.exceptions}
        raise group.exceptions[0] if len(kinds) == 1 else group from None
