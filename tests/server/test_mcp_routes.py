import subprocess
import sys

_LOOK = "import sys, server.app; print([name for name in sys.modules if name == 'mcp'])"


def test_the_sdk_is_imported_only_where_agents_are_answered() -> None:
    done = subprocess.run([sys.executable, "-c", _LOOK], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
