from collections.abc import Callable, Mapping
from typing import Any

import pytest

from wechat.call import Upload, WeChatRefused


class FakeCall:
    """A Call that gives the answers it was told to, and remembers what it was asked."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Any]] = []

    async def post(
        self,
        account: str,
        path: str,
        body: Mapping[str, Any],
        *,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        self.asked.append((account, path, dict(body)))
        return self.answers.pop(0)

    async def get(
        self, account: str, path: str, *, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        self.asked.append((account, path, dict(query or {})))
        return self.answers.pop(0)

    async def upload(
        self, account: str, path: str, upload: Upload, *, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        self.asked.append((account, path, (upload, dict(query or {}))))
        return self.answers.pop(0)


@pytest.fixture
def fake_call() -> Callable[..., FakeCall]:
    return FakeCall


class RefusingCall(FakeCall):
    """A Call that refuses every POST with one errcode."""

    def __init__(self, errcode: int) -> None:
        super().__init__()
        self._errcode = errcode

    async def post(
        self,
        account: str,
        path: str,
        body: Mapping[str, Any],
        *,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        self.asked.append((account, path, dict(body)))
        raise WeChatRefused(errcode=self._errcode, errmsg="no", path=path)


@pytest.fixture
def refusing() -> Callable[[int], RefusingCall]:
    return RefusingCall
