import asyncio
import resource
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """asyncio.run on uvloop where there is one; a crash leaves no core file, full of secrets."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        import uvloop
    except ImportError:  # no wheel for this platform
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
