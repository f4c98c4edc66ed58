"""The gateway's calls, without sending them."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

_BYTES = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to the gateway, whoever sends it."""

    method: str
    path: str  # percent-encoded
    params: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = field(default=None, repr=False)
    parts: Sequence[tuple[str, Any]] = field(default=(), repr=False)  # multipart, as httpx has them
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_httpx(self) -> dict[str, Any]:
        """Arguments of httpx's build_request()."""
        how: dict[str, Any] = {"method": self.method, "url": self.path}
        if self.params:
            how["params"] = {
                name: value for name, value in self.params.items() if value is not None
            }
        if self.json is not None:
            how["json"] = self.json
        if self.content is not None:
            how["content"] = self.content
        if self.parts:
            how["files"] = list(self.parts)
        return {**how, "headers": dict(self.headers)}


def standing_headers(key: str, language: str, *, sign: bool) -> dict[str, str]:
    """What every request carries; the key itself only where requests are not signed."""
    headers = {"Accept-Language": language, "User-Agent": "wxgate-client"}
    return headers if sign else {**headers, "Authorization": f"Bearer {key}"}


def of_account(account: str, *rest: str) -> str:
    """A path below an account; no part of it leaves its place."""
    return "/".join(("/v1/accounts", *(quote(part, safe="") for part in (account, *rest))))


def accounts() -> Call:
    """The accounts that the key may use, and the one that is meant when none is named."""
    return Call(method="GET", path="/v1/accounts")


def article(
    account: str,
    fields: Mapping[str, Any],
    *,
    pictures: Mapping[str, bytes] | None = None,
    files: Mapping[str, str] | None = None,
    key: str = "",
    wait_s: int = 0,
) -> Call:
    """Hand in an article; its answer is a job.

    By the path in the text: `pictures` are sent along, `files` are those that the gateway has,
    by their SHA-256. `key` is the Idempotency-Key. With `wait_s` (≤60) the answer
    comes at the job's end, if it is that soon.
    """
    headers = {"Idempotency-Key": key} if key else {}
    if wait_s:
        headers["Prefer"] = f"wait={wait_s}"
    said = {**fields, "files": dict(files)} if files else dict(fields)
    path = of_account(account, "articles")
    if not pictures:
        return Call(method="POST", path=path, json=said, headers=headers)
    parts: list[tuple[str, Any]] = [("article", (None, json.dumps(said), "application/json"))]
    parts += [(name, ("picture", data, _BYTES)) for name, data in pictures.items()]
    return Call(method="POST", path=path, parts=parts, headers=headers)


def batch(
    account: str, order: Mapping[str, Any], *, archive: bytes | None = None, key: str = ""
) -> Call:
    """Hand in many at once (`kind`, `items`, `concurrency`, `on_error`); its answer is a job.

    The items may come as a folder in a ZIP `archive` instead.
    """
    headers = {"Idempotency-Key": key} if key else {}
    path = of_account(account, "batches")
    if archive is not None:
        headers["Content-Type"] = "application/zip"
        return Call(method="POST", path=path, params=order, content=archive, headers=headers)
    return Call(method="POST", path=path, json=dict(order), headers=headers)


def jobs(**filters: Any) -> Call:
    """A page of jobs, newest first."""
    return Call(method="GET", path="/v1/jobs", params=filters)


def next_page(call: Call, page: Mapping[str, Any]) -> Call | None:
    """The call for what comes after a page of a list; None after the last."""
    cursor = page.get("next_cursor")
    return replace(call, params={**call.params, "cursor": cursor}) if cursor else None


def job(job_id: str) -> Call:
    """A job as it stands."""
    return Call(method="GET", path=f"/v1/jobs/{quote(job_id, safe='')}")


def steer(job_id: str, what: str) -> Call:
    """Let a job be: `cancel`, `retry` or `approve`."""
    return Call(method="POST", path=f"/v1/jobs/{quote(job_id, safe='')}/{what}")


def events(job_id: str, *, after: int = 0) -> Call:
    """The job each time it changes, as server-sent events, from those after `after` on."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    if after:
        headers["Last-Event-ID"] = str(after)
    return Call(method="GET", path=f"/v1/jobs/{quote(job_id, safe='')}/events", headers=headers)


def missing(sha256: Collection[str]) -> Call:
    """Which of these files the gateway does not have; at most 1 000."""
    return Call(method="POST", path="/v1/files/missing", json={"sha256": sorted(sha256)})


def file(sha256: str, data: bytes) -> Call:
    """Give the gateway a file."""
    headers = {"Content-Type": _BYTES}
    return Call(method="PUT", path=f"/v1/files/{sha256}", content=data, headers=headers)


def idempotency_key(*parts: Any) -> str:
    """The same for what is the same."""
    said = json.dumps(parts, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(said.encode()).hexdigest()
