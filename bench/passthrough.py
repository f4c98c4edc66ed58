"""The least that aiohttp and uvicorn cost: python -m bench.passthrough PORT UPSTREAM."""

import sys
from typing import Any

import aiohttp
import uvicorn
import uvloop
from yarl import URL


class PassThrough:
    """No features: the request goes up, the answer comes back."""

    def __init__(self, session: aiohttp.ClientSession, upstream: str) -> None:
        self.session = session
        self.upstream = upstream

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        raw = f"{self.upstream}{scope['raw_path'].decode()}?{scope['query_string'].decode()}"
        async with self.session.request(
            scope["method"], URL(raw, encoded=True), data=body or None
        ) as answer:
            headers = [
                (name.lower(), value)
                for name, value in answer.raw_headers
                if name.lower() in (b"content-type", b"content-length")
            ]
            start = {"type": "http.response.start", "status": answer.status, "headers": headers}
            await send(start)
            await send({"type": "http.response.body", "body": await answer.read()})


async def main(port: int, upstream: str) -> None:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=512),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:
        config = uvicorn.Config(
            PassThrough(session, upstream),
            host="127.0.0.1",
            port=port,
            loop="uvloop",
            http="httptools",
            lifespan="off",
            access_log=False,
            log_level="error",
            server_header=False,
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
