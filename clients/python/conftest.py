from tests.conftest import _trust_no_authority, prepared_sqlite
from tests.e2e.conftest import open_stand, stand
from tests.server.conftest import _alone, unused_port

__all__ = ["_alone", "_trust_no_authority", "open_stand", "prepared_sqlite", "stand", "unused_port"]
