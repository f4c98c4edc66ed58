from pathlib import Path
from typing import Any

from sandbox.server import run_sandbox
from sandbox.settings import VERIFIED, SandboxSettings
from server.settings import Settings
from server.tools import open_doctor


async def test_the_examiner_knows_the_file_that_it_is_told_of(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.touch(0o644)
    async with run_sandbox(SandboxSettings()) as sandbox:
        given: dict[str, Any] = {
            "server": {"data_dir": str(tmp_path / "data")},
            "upstream": {"base_urls": [sandbox.url], "mp_base_url": sandbox.url},
            "accounts": [
                {"name": "main", "app_id": VERIFIED.app_id, "app_secret": VERIFIED.app_secret}
            ],
        }
        for path, known in ((config, True), (None, False)):
            async with open_doctor(Settings(**given), path) as doctor:
                names = [finding.name async for finding in doctor.examine()]
            assert ("config file" in names) is known
            assert "main: token" in names
