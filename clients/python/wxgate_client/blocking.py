import time
from collections.abc import Generator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from wxgate_client import answers, calls
from wxgate_client.calls import Call
from wxgate_client.errors import Unreachable
from wxgate_client.following import Following
from wxgate_client.gateway import LOOK_EVERY_S, PATIENCE_S, TIMEOUT_S
from wxgate_client.signing import Signature


class Gateway:
    """AsyncGateway for programs without asyncio: the same calls, the same answers."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        language: str = "zh",
        sign: bool = False,
        patience_s: int = PATIENCE_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._patience_s = patience_s
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            headers=calls.standing_headers(key, language, sign=sign),
            auth=Signature(key) if sign else None,
            timeout=TIMEOUT_S,
            trust_env=False,
            transport=transport,
        )

    def __enter__(self) -> Self:
        """Ready at once: connections are made when they are needed."""
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._http.close()

    def request(
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
        return self.do(call)

    def do(self, call: Call) -> dict[str, Any]:
        """Make a call of `wxgate_client.calls`; waits where the gateway asks to."""
        tried = 0
        while True:
            try:
                response = self._http.request(**call.as_httpx())
            except httpx.TransportError as exc:
                raise Unreachable(answers.why(exc)) from None
            tried += 1
            pause_s = answers.pause_s(response, tried)
            if pause_s is None:
                return answers.read(response)
            time.sleep(pause_s)

    def default_account(self) -> str:
        """The account that is meant when none is named."""
        return answers.the_account(self.do(calls.accounts()))

    def job(self, job_id: str) -> dict[str, Any]:
        """A job as it stands."""
        return self.do(calls.job(job_id))

    def each(self, call: Call) -> Generator[dict[str, Any], None, None]:
        """All items of a list, page by page, such as of `calls.jobs(state="failed")`."""
        next_call: Call | None = call
        while next_call is not None:
            page = self.do(next_call)
            yield from page["items"]
            next_call = calls.next_page(next_call, page)

    def follow(
        self, job: dict[str, Any], *, through_waiting: bool = False
    ) -> Generator[dict[str, Any], None, None]:
        """The job now and each time it changes, until it ends: as AsyncGateway.follow."""
        following, failures = Following(job, through_waiting=through_waiting), 0
        yield job
        while not following.is_over:
            try:
                for seen in self._listen(following):
                    failures = 0
                    yield seen
            except Unreachable:
                failures += 1
                if failures > self._patience_s:
                    raise
                time.sleep(LOOK_EVERY_S)

    def _listen(self, following: Following) -> Generator[dict[str, Any], None, None]:
        try:
            with self._http.stream(**following.call().as_httpx()) as response:
                if response.status_code == httpx.codes.OK:
                    for line in response.iter_lines():
                        if (seen := following.hear(line)) is not None:
                            yield seen
                            if following.is_over:
                                return
                    raise Unreachable("the stream of events ended")
        except httpx.TransportError as exc:
            raise Unreachable(answers.why(exc)) from None
        yield following.take(self.job(following.job["id"]))
        if not following.is_over:
            time.sleep(LOOK_EVERY_S)
