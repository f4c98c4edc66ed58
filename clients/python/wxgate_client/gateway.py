import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self

import httpx

from wxgate_client import answers, calls
from wxgate_client.calls import Call
from wxgate_client.errors import Unreachable
from wxgate_client.following import Following
from wxgate_client.signing import Signature

PATIENCE_S = 60
LOOK_EVERY_S = 1.0  # where a job cannot be listened to
TIMEOUT_S = 60.0  # longer than the gateway is silent in a stream of events


class AsyncGateway:
    """Calls of one client key to one gateway. Every call may raise Unreachable or Refused.

    `sign` keeps the key itself off the network. `patience_s` is how long a gateway that is being
    restarted is waited for, while a job is followed.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        language: str = "zh",
        sign: bool = False,
        patience_s: int = PATIENCE_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._patience_s = patience_s
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers=calls.standing_headers(key, language, sign=sign),
            auth=Signature(key) if sign else None,
            timeout=TIMEOUT_S,
            trust_env=False,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        """Ready at once: connections are made when they are needed."""
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Any call of `/v1` (see /docs of the gateway) and its answer."""
        call = Call(method=method, path=path, json=json, params=params or {}, headers=headers or {})
        return await self.do(call)

    async def do(self, call: Call) -> dict[str, Any]:
        """Make a call of `wxgate_client.calls`; waits where the gateway asks to."""
        tried = 0
        while True:
            try:
                response = await self._http.request(**call.as_httpx())
            except httpx.TransportError as exc:
                raise Unreachable(answers.why(exc)) from None
            tried += 1
            pause_s = answers.pause_s(response, tried)
            if pause_s is None:
                return answers.read(response)
            await asyncio.sleep(pause_s)

    async def default_account(self) -> str:
        """The account that is meant when none is named."""
        return answers.the_account(await self.do(calls.accounts()))

    async def job(self, job_id: str) -> dict[str, Any]:
        """A job as it stands."""
        return await self.do(calls.job(job_id))

    async def each(self, call: Call) -> AsyncGenerator[dict[str, Any], None]:
        """All items of a list, page by page, such as of `calls.jobs(state="failed")`."""
        next_call: Call | None = call
        while next_call is not None:
            page = await self.do(next_call)
            for item in page["items"]:
                yield item
            next_call = calls.next_page(next_call, page)

    async def follow(
        self, job: dict[str, Any], *, through_waiting: bool = False
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The job now and each time it changes, until it ends.

        Goes on where it was when the gateway is restarted. A job that waits or is scheduled may
        take hours: it ends the watch too, unless `through_waiting`.
        """
        following, failures = Following(job, through_waiting=through_waiting), 0
        yield job
        while not following.is_over:
            try:
                async with aclosing(self._listen(following)) as heard:
                    async for seen in heard:
                        failures = 0
                        yield seen
            except Unreachable:
                failures += 1
                if failures > self._patience_s:
                    raise
                await asyncio.sleep(LOOK_EVERY_S)

    async def _listen(self, following: Following) -> AsyncGenerator[dict[str, Any], None]:
        """What one connection tells of a job. Raises Unreachable if it ends before the job."""
        try:
            async with self._http.stream(**following.call().as_httpx()) as response:
                if response.status_code == httpx.codes.OK:
                    async for line in response.aiter_lines():
                        if (seen := following.hear(line)) is not None:
                            yield seen
                            if following.is_over:
                                return
                    raise Unreachable("the stream of events ended")
        except httpx.TransportError as exc:
            raise Unreachable(answers.why(exc)) from None
        # It was over already, or the gateway has a word to say about the job.
        yield following.take(await self.job(following.job["id"]))
        if not following.is_over:
            await asyncio.sleep(LOOK_EVERY_S)  # no events are to be had here
