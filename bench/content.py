"""What an article costs: `python -m bench.content` from the top of the checkout.

One article with 20 pictures that fit as they are, 100 ms each to fetch, against a WeChat that
takes 100 ms a call; then rendering alone, cold and warm, and the memory of all processes.
"""

# ruff: noqa: ARG002 - the fakes keep the names of their Protocols

import asyncio
import random
import statistics
import struct
import time
import zlib
from pathlib import Path

import uvloop

from content.article import ArticleFields
from content.build import ArticleBuilder
from content.pictures.gate import ImageWorkers
from content.renderer import Renderer
from content.settings import ContentSettings
from content.workers import WorkerPool
from fetch.client import Fetcher
from fetch.settings import FetchSettings
from wechat.draft import DraftClient
from wechat.material import MaterialClient

DELAY_S = 0.1
PICTURES = 20
TEXT = """## 小节

正文 **粗体**、[链接](https://example.com/a) 与 `代码`，一二三四五六七八九十。

- 一
- 二

| a | b |
|---|---|
| 1 | 2 |

```python
def f(x: int) -> int:
    return x + 1  # 注释
```

"""


class SlowWeChat:
    """A Call that takes DELAY_S and refuses nothing."""

    def __init__(self):
        self.calls = 0

    async def upload(self, account, path, upload, *, query=None):
        await asyncio.sleep(DELAY_S)
        self.calls += 1
        return {"url": f"http://mmbiz.qpic.cn/{self.calls}/0", "media_id": f"M{self.calls}"}

    async def post(self, account, path, body, *, query=None):
        await asyncio.sleep(DELAY_S)
        self.calls += 1
        return {"media_id": "DRAFT"}

    async def get(self, account, path, *, query=None):
        raise NotImplementedError


class Memory:
    """An UploadedImages."""

    def __init__(self):
        self.values = {}

    async def get(self, *key):
        return self.values.get(key)

    async def put(self, account, sha256, kind, value):
        self.values[account, sha256, kind] = value

    async def forget(self, account, value):
        raise NotImplementedError


def png(seed):
    """A PNG of 400 KB that no two articles share."""

    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    rows = b"".join(b"\0" + random.Random(seed + row).randbytes(1200) for row in range(330))
    size = struct.pack(">IIBBBBB", 400, 330, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(rows, 0))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + pixels + chunk(b"IEND", b"")


async def serve(reader, writer):
    request = await reader.readuntil(b"\r\n\r\n")
    await asyncio.sleep(DELAY_S)
    body = png(int(request.split(b" ")[1].strip(b"/")))
    head = f"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    writer.close()


def rss_mb(pid="self"):
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


def illustrated(port, offset):
    pictures = (f"![](http://127.0.0.1:{port}/{n + offset})\n\n" for n in range(PICTURES))
    return ArticleFields(markdown=TEXT * 4 + "".join(pictures), title="测")


def long_text():
    """20 KB as people write them: 8 sections with code and a table, the rest prose."""
    prose = (
        "一段中文正文，夹着 **重点** 与 `code`，还有 [链接](https://example.com/b)。" * 4 + "\n\n"
    )
    text = TEXT * 8 + prose * 100
    return ArticleFields(markdown=text.encode()[:20_000].decode("utf-8", "ignore"), title="测")


async def timed(work):
    started = time.perf_counter()
    await work
    return (time.perf_counter() - started) * 1000


async def publish(builder, drafts, fields):
    built = await builder.build("main", fields, {})
    await drafts.add("main", [built.article])


async def measure(renderer, builder, drafts, call, port):
    print(
        f"first render (20 KB, starts a worker): {await timed(renderer.render(long_text())):.0f} ms"
    )
    warm = statistics.median([await timed(renderer.render(long_text())) for _ in range(9)])
    print(f"warm render (20 KB): {warm:.0f} ms")
    own = statistics.median([await timed(renderer.render(illustrated(port, 0))) for _ in range(5)])
    walls = [
        await timed(publish(builder, drafts, illustrated(port, 1_000 * turn)))
        for turn in range(1, 6)
    ]
    wall, delay = statistics.median(walls), DELAY_S * 1000
    print(f"article with {PICTURES} pictures: {wall:.0f} ms (worst {max(walls):.0f})")
    for name, calls in (("fetch + upload + cover + draft", 4), ("with the cover alongside", 3)):
        critical = calls * delay + own
        print(f"  critical path, {name}: {critical:.0f} ms, ratio {wall / critical:.2f}")
    calls = call.calls
    wall = await timed(publish(builder, drafts, illustrated(port, 1_000)))
    print(f"the same again: {wall:.0f} ms, {call.calls - calls} call(s), the draft")


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = ContentSettings()
    pool = WorkerPool(settings.worker_limits(), size=settings.workers)
    renderer = Renderer(pool, settings)
    fetcher = Fetcher(
        FetchSettings.model_validate({"allow_networks": ["127.0.0.1/32"], "allow_ports": [port]})
    )
    call = SlowWeChat()
    builder = ArticleBuilder(renderer, fetcher, MaterialClient(call), Memory(), ImageWorkers(pool))
    print(f"serving process before: {rss_mb()} MB")
    await measure(renderer, builder, DraftClient(call), call, port)
    print(f"serving process after: {rss_mb()} MB; workers: {[rss_mb(pid) for pid in pool.pids]} MB")
    await builder.aclose()
    await fetcher.aclose()
    await pool.aclose()
    server.close()


if __name__ == "__main__":
    uvloop.run(main())
