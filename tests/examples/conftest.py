"""The gateway on real sockets before a sandbox, as for the end-to-end tests."""

from tests.e2e.conftest import open_stand, stand

__all__ = ["open_stand", "stand"]
