import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from wxgate_client import calls
from wxgate_client.calls import Call
from wxgate_client.errors import Refused, Unreachable
from wxgate_client.gateway import AsyncGateway
from wxgate_client.local_article import LocalArticle, LocalBundle

_AT_ONCE = 4

Draft = LocalArticle | LocalBundle

_NO_ANSWER = "网关没有应答 / no answer from the gateway"
_LOOK = (
    "检查地址，以及 wxgate serve 是否在运行；再运行一次会接着做，不会重复"
    " / check the URL and that wxgate serve is running; run again: nothing is done twice"
)

# Is told of a draft's job each time it was looked at.
Watch = Callable[[Draft, dict[str, Any]], None]


@dataclass(frozen=True)
class Outcome:
    """What became of one file, or of several in one draft."""

    path: str
    state: str  # a job's state, or: refused, unreachable, unreadable
    job: str = ""  # its id, once the gateway has accepted the article
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    approval: str | None = None  # "pending" where somebody else must agree first
    warnings: tuple[dict[str, Any], ...] = ()
    images: tuple[dict[str, Any], ...] = ()  # what became of its pictures

    def as_json(self) -> dict[str, Any]:
        """What `wxgate publish --json` prints of it."""
        return asdict(self)


@dataclass(frozen=True)
class Order:
    """What is to be done with the articles."""

    account: str
    action: str  # draft, publish
    publish_at: str | None = None  # RFC 3339
    again: str = ""  # any new text: do it again, though it was done before
    article_type: str = ""  # news, newspic; "": what each says itself


async def publish_all(
    gateway: AsyncGateway, order: Order, drafts: Sequence[Draft], watch: Watch
) -> list[Outcome]:
    """Hand all in, a few at a time, and follow their jobs. One that fails stops no other."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(draft: Draft) -> Outcome:
        async with gate:
            return await _publish(gateway, order, draft, watch)

    return list(await asyncio.gather(*map(one, drafts)))


async def _publish(gateway: AsyncGateway, order: Order, draft: Draft, watch: Watch) -> Outcome:
    path, job_id = draft.name, ""
    try:
        job = await gateway.do(_call(order, draft))
        job_id = job["id"]
        if job["state"] in ("failed", "cancelled"):
            # An earlier run's: the article is the same, so what stopped it was something else.
            job = await gateway.do(calls.steer(job_id, "retry"))
        async for seen in gateway.follow(job):
            job = seen
            watch(draft, job)
    except Refused as exc:
        return Outcome(path, "refused", job_id, error=exc.error)
    except Unreachable as exc:
        return Outcome(
            path, "unreachable", job_id, error={"message": f"{_NO_ANSWER}: {exc}", "hint": _LOOK}
        )
    except OSError as exc:
        return Outcome(path, "unreadable", error={"message": f"{exc.filename}: {exc.strerror}"})
    told = (job.get("result"), job.get("error"), job.get("approval"))
    of_items = (_of_items(job, "warnings"), _of_items(job, "images"))
    return Outcome(path, job["state"], job_id, *told, *of_items)


def _call(order: Order, draft: Draft) -> Call:
    """The request for a draft. Raises OSError for a picture that is gone."""
    fields = {**draft.fields(order.article_type), "action": order.action}
    if order.publish_at:
        fields["publish_at"] = order.publish_at
    pictures = {name: local.read_bytes() for name, local in draft.pictures.items()}
    sent = {name: hashlib.sha256(data).hexdigest() for name, data in pictures.items()}
    # The same article in the same words, with the same pictures, is the same job.
    key = calls.idempotency_key(order.account, order.again, fields, sent)
    return calls.article(order.account, fields, pictures=pictures, key=key)


def _of_items(job: dict[str, Any], name: str) -> tuple[dict[str, Any], ...]:
    """What the job's articles say under `name`, one after the other."""
    return tuple(entry for item in job.get("items", ()) for entry in item.get(name) or ())
