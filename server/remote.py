"""The gateway as seen from the command line: its HTTP API over httpx, and nothing else."""

import asyncio
import hashlib
import json
import mimetypes
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from server.local_article import LocalArticle, LocalBundle

MARKDOWN_SUFFIXES = frozenset({".md", ".markdown"})
TERMINAL_STATES = frozenset({"succeeded", "partly_failed", "failed", "cancelled", "needs_review"})
_POLL_S = 0.3
_LONGEST_POLL_S = 2.0
_TURNED_AWAY = 5  # times that a 429 is waited out
_PATIENCE = 60  # tries, a second apart
_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__"})


class Unreachable(Exception):
    """No gateway answers at that URL."""


class Refused(Exception):
    """The gateway refused; holds its `error` object (contract §4)."""

    def __init__(self, error: dict[str, Any]) -> None:
        self.error = error
        self.message = str(error.get("message") or error.get("code"))
        self.hint = str(error.get("hint") or "")
        super().__init__(f"{error.get('code')}: {error.get('message')}")


def find_markdown(paths: Iterable[str]) -> list[Path]:
    """The Markdown files that `paths` mean: files, folders (all below), globs.

    Raises FileNotFoundError for one that means nothing.
    """
    found: dict[Path, None] = {}
    for path in paths:
        plain = Path(path)
        if plain.is_file():
            matches: Iterable[Path] = [plain]
        elif plain.is_dir():
            matches = (file for file in plain.rglob("*") if _is_article(file.relative_to(plain)))
        else:
            anchor = Path(plain.anchor) if plain.is_absolute() else Path()
            pattern = str(plain.relative_to(anchor))
            matches = (file for file in anchor.glob(pattern) if file.is_file())
        listed = sorted(matches)
        if not listed:
            raise FileNotFoundError(path)
        found.update(dict.fromkeys(listed))
    return list(found)


def _is_article(relative: Path) -> bool:
    hidden = any(part.startswith(".") or part in _SKIPPED_FOLDERS for part in relative.parts)
    return relative.suffix.lower() in MARKDOWN_SUFFIXES and not hidden


def _digest(said: Any, pictures: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for name in sorted(pictures):
        digest.update(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest())
        digest.update(hashlib.sha256(pictures[name]).digest())
    return digest.hexdigest()


class Gateway:
    """Calls of one client key to one gateway. Every method may raise Unreachable or Refused."""

    def __init__(self, http: httpx.AsyncClient, *, patience: int = _PATIENCE) -> None:
        self._http = http
        self._patience = patience

    async def default_account(self) -> str:
        """The account that is meant when none is named."""
        listed = await self._json("GET", "/v1/accounts")
        if not listed["default"]:
            names = ", ".join(account["name"] for account in listed["items"])
            raise Refused(
                {
                    "code": "account_not_named",
                    "message": "该密钥可用多个公众号 / the key may use several accounts",
                    "hint": f"用 --account 指定一个 / name one by --account: {names}",
                }
            )
        return str(listed["default"])

    async def submit(
        self,
        account: str,
        article: LocalArticle | LocalBundle,
        *,
        action: str,
        article_type: str = "",
        publish_at: str | None = None,
        once: str | None = None,
    ) -> dict[str, Any]:
        """Hand a draft in; returns the accepted job.

        With `once`, the same article in the same words, with the same pictures, is the same job
        for as long as the gateway remembers; another text in `once` makes it another.
        """
        fields = {**article.fields(article_type), "action": action}
        if publish_at:
            fields["publish_at"] = publish_at
        pictures = {name: local.read_bytes() for name, local in article.pictures.items()}
        url = f"/v1/accounts/{quote(account, safe='')}/articles"
        headers = {}
        if once is not None:
            headers["Idempotency-Key"] = _digest([account, once, fields], pictures)
        if not pictures:
            return await self._json("POST", url, json=fields, headers=headers)
        parts: list[Any] = [("article", (None, json.dumps(fields), "application/json"))]
        for name, data in pictures.items():
            local = article.pictures[name]
            kind = mimetypes.guess_type(local.name)[0] or "application/octet-stream"
            parts.append((name, (local.name, data, kind)))
        return await self._json("POST", url, files=parts, headers=headers)

    async def retry(self, job_id: str) -> dict[str, Any]:
        """Go on with a job that ended without success."""
        return await self._json("POST", f"/v1/jobs/{job_id}/retry")

    async def job(self, job_id: str) -> dict[str, Any]:
        """A job as it stands."""
        return await self._json("GET", f"/v1/jobs/{job_id}")

    async def stats(self, name: str) -> dict[str, Any]:
        """What /v1/stats tells of `name`."""
        return await self._json("GET", f"/v1/stats/{name}")

    async def clear_cache(self, name: str, account: str) -> dict[str, Any]:
        """Clear a cache; `account` "": of all accounts."""
        query = {"account": account} if account else {}
        return await self._json("DELETE", f"/v1/admin/cache/{name}", params=query)

    async def warm_cache(
        self, name: str, account: str, paths: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Warm a cache; `account` "": of all accounts."""
        body = {"account": account, "paths": list(paths)}
        return await self._json("POST", f"/v1/admin/cache/{name}/warm", json=body)

    async def follow(
        self, job: dict[str, Any], *, through_waiting: bool = False
    ) -> AsyncIterator[dict[str, Any]]:
        """The job each time it was asked for, until it ends.

        A job that waits or is scheduled may take hours: it ends the watch too, unless
        `through_waiting`.
        """
        last = TERMINAL_STATES if through_waiting else TERMINAL_STATES | {"waiting", "scheduled"}
        pause_s = _POLL_S
        yield job
        while job["state"] not in last:
            await asyncio.sleep(pause_s)
            pause_s = min(_LONGEST_POLL_S, pause_s * 1.3)
            job = await self._patiently(job["id"])
            yield job

    async def _patiently(self, job_id: str) -> dict[str, Any]:
        """The job, even if the gateway is being restarted meanwhile: it goes on with it."""
        for _ in range(self._patience):
            try:
                return await self.job(job_id)
            except Unreachable:
                await asyncio.sleep(1)
        return await self.job(job_id)

    async def _json(self, method: str, url: str, **how: Any) -> dict[str, Any]:
        for _ in range(_TURNED_AWAY):
            try:
                response = await self._http.request(method, url, **how)
            except httpx.TransportError as exc:
                raise Unreachable(type(exc).__name__) from None
            if response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                break
            await asyncio.sleep(float(response.headers.get("retry-after", "1")))
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Unreachable(f"HTTP {response.status_code}, no JSON")
        if response.is_error:
            raise Refused(body.get("error") or {"code": f"http_{response.status_code}"})
        return body


@asynccontextmanager
async def open_gateway(url: str, key: str, *, language: str = "zh") -> AsyncIterator[Gateway]:
    """A connection to the gateway at `url` with a client key."""
    headers = {"Authorization": f"Bearer {key}", "Accept-Language": language}
    async with httpx.AsyncClient(
        base_url=url.rstrip("/"), headers=headers, timeout=60, trust_env=False
    ) as http:
        yield Gateway(http)
