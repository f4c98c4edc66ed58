from tests.e2e.conftest import open_stand, stand
from tests.server.conftest import _alone, unused_port

__all__ = ["_alone", "open_stand", "stand", "unused_port"]
