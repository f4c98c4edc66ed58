import json
import os
from pathlib import Path

import pytest

from core.errors import Text
from server.findings import fail
from server.report import write_report
from server.settings import Settings

CANARY = "CANARY0123456789abcdefghij"


def test_a_report_holds_no_secret_wherever_one_was_put(tmp_path: Path) -> None:
    settings = Settings(
        server={"data_dir": str(tmp_path)},
        redis={"url": f"redis://:{CANARY}@127.0.0.1/0"},
        database={"url": f"postgresql://u:{CANARY}@127.0.0.1/x"},
        accounts=[
            {
                "name": "main",
                "app_id": "wx0000000000000001",
                "app_secret": CANARY,
                "callback_token": CANARY,
                "encoding_aes_key": CANARY + CANARY[:17],
            }
        ],
        clients=[
            {"id": "blog", "key": f"wxg_blog_{CANARY}", "accounts": ["main"], "scopes": ["draft"]}
        ],
    )
    said = f"postgresql://u:{CANARY}@db refused, secret={CANARY}"
    path = tmp_path / "report.json"
    write_report(path, settings, [fail("database", Text(said, said), Text("修", "mend"))])
    text = path.read_text("utf-8")
    assert CANARY not in text
    assert path.stat().st_mode & 0o777 == 0o600
    report = json.loads(text)
    assert report["settings"]["accounts"][0]["name"] == "main"
    assert report["findings"][0]["fix"]["zh"] == "修"
    assert report["versions"]["python"]


def test_what_is_no_regular_file_is_left_as_it_is(tmp_path: Path) -> None:
    fifo, folder = tmp_path / "fifo", tmp_path / "folder"
    os.mkfifo(fifo, 0o640)
    folder.mkdir(0o750)
    for path in (fifo, folder, Path("/dev/null")):
        before = path.stat()
        with pytest.raises(OSError):
            write_report(path, Settings(), [])
        assert (path.stat().st_mode, path.stat().st_ino) == (before.st_mode, before.st_ino)
