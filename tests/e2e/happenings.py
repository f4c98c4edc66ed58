"""What people are to be told of, read from the store of a gateway that runs."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple


class Told(NamedTuple):
    """A happening that was written down."""

    event: str
    account: str | None
    key: str
    data: dict[str, Any]
    over: bool


def told(data_dir: Path, event: str = "") -> list[Told]:
    """All of them, or those of one event, oldest first."""
    with closing(sqlite3.connect(data_dir / "wxgate.db")) as store:
        rows = store.execute(
            'SELECT event, account, "key", data, "over" FROM happening ORDER BY created_at, id'
        ).fetchall()
    found = [
        Told(name, account, key, json.loads(data), bool(over))
        for name, account, key, data, over in rows
    ]
    return [one for one in found if event in ("", one.event)]


async def wait_for(data_dir: Path, event: str, *, over: bool = False) -> Told:
    """The first of that event, or its end."""
    async with asyncio.timeout(60):
        while True:
            for one in told(data_dir, event):
                if one.over == over:
                    return one
            await asyncio.sleep(0.05)
