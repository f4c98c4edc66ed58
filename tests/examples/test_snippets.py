"""Each snippet of examples/signing, run against a real gateway."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import KEY
from tests.examples.tools import needs
from tests.signing import after_start

SNIPPETS = Path(__file__).parent.parent.parent / "examples" / "signing"
COMMANDS = {
    "sign.sh": ("bash", "sign.sh"),
    "sign.py": (sys.executable, "sign.py"),
    "sign.mjs": ("node", "sign.mjs"),
    "sign.php": ("php", "sign.php"),
    "sign.go": ("go", "run", "sign.go"),
    "Sign.java": ("java", "-Dfile.encoding=UTF-8", "Sign.java"),
}
NEEDED = {"sign.sh": ("bash", "openssl", "curl")}
CASES = [
    pytest.param(name, marks=needs(*NEEDED.get(name, COMMANDS[name][:1]))) for name in COMMANDS
]


def test_every_snippet_is_run() -> None:
    assert {path.name for path in SNIPPETS.iterdir()} == {*COMMANDS, "vectors.json"}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
async def test_a_snippet_gets_its_answer(stand: Any, tmp_path: Path, name: str) -> None:
    environment = {
        **{kept: os.environ[kept] for kept in ("PATH", "HOME") if kept in os.environ},
        "LC_ALL": "C.UTF-8",
        "NO_PROXY": "127.0.0.1",
        "WXGATE_URL": stand.url,
        "WXGATE_KEY": KEY,
        # Go: nothing from the network, and its cache is thrown away.
        "GOCACHE": str(tmp_path / "cache"),
        "GOPATH": str(tmp_path / "go"),
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
    }
    await after_start()
    process = await asyncio.create_subprocess_exec(
        *COMMANDS[name], cwd=SNIPPETS, env=environment, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(100):
        stdout, _ = await process.communicate()
    assert process.returncode == 0
    answer = json.loads(stdout)
    assert "签名" in answer.get("html", ""), answer
