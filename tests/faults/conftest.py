"""The gateway on real sockets before a sandbox, as for the end-to-end tests; and the sandbox."""

from tests.e2e.conftest import open_stand, stand
from tests.proxy.conftest import sandbox, time

__all__ = ["open_stand", "sandbox", "stand", "time"]
