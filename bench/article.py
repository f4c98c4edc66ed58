"""An article with 20 external pictures against its critical path: python -m bench.article.

The critical path, as the budget counts it: rendering, one fetch, one upload, the cover, draft/add.
"""

import asyncio
import sqlite3
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from bench.processes import listening, started
from bench.served import KEY, served

PICTURES, FETCH_S, CALL_S, ROUNDS, BOUND = 20, 0.1, 0.1, 5, 1.5


def article(host: int, *, first: int, count: int = PICTURES) -> dict[str, Any]:
    lines = [f"![](http://127.0.0.1:{host}/{first + number}.jpg)\n" for number in range(count)]
    return {"markdown": f"# 二十张图 {first}\n\n正文。\n\n" + "\n".join(lines)}


async def timed(http: httpx.AsyncClient, fields: dict[str, Any]) -> float:
    begun = time.perf_counter()
    response = await http.post(
        "/v1/accounts/main/articles", json=fields, headers={"Prefer": "wait=30"}
    )
    seconds = time.perf_counter() - begun
    if response.json().get("state") != "succeeded":
        raise SystemExit(response.text)
    return seconds


async def measure(http: httpx.AsyncClient, host: int, forget: Any) -> tuple[float, float]:
    """Median of the article, and of rendering alone, in seconds."""
    whole, rendering = [], []
    for _ in range(ROUNDS):
        fields = article(host, first=0)
        begun = time.perf_counter()
        (await http.post("/v1/render", json=fields)).raise_for_status()
        rendering.append(time.perf_counter() - begun)
        whole.append(await timed(http, fields))
        forget()
    return sorted(whole)[ROUNDS // 2], sorted(rendering)[ROUNDS // 2]


async def main() -> bool:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        sandbox, _ = stack.enter_context(started("bench.sandbox", str(CALL_S)))
        host, _ = stack.enter_context(started("bench.pictures", str(FETCH_S)))
        fetch = {"allow_networks": ["127.0.0.0/8"], "allow_ports": [host]}
        port, _ = stack.enter_context(served(sandbox, Path(name), {"fetch": fetch}))
        await asyncio.gather(*(listening(one) for one in (sandbox, host, port)))
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False
        ) as http:
            await timed(http, article(host, first=40, count=1))  # token, worker, connections

            def forget() -> None:
                with sqlite3.connect(Path(name) / str(port) / "wxgate.db") as database:
                    database.execute("DELETE FROM uploaded_image")

            whole, rendering = await measure(http, host, forget)
            await timed(http, article(host, first=0))
            again = await timed(http, article(host, first=0))
    path = rendering + FETCH_S + 3 * CALL_S
    print(
        f"{PICTURES} pictures: {whole * 1000:.0f} ms, critical path {path * 1000:.0f} ms "
        f"(rendering {rendering * 1000:.0f}), {whole / path:.2f} × (bound {BOUND})"
    )
    print(f"the same again, nothing to upload: {again * 1000:.0f} ms")
    return whole / path <= BOUND


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(main()) else 1)
