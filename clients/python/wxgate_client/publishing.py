import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any

from wxgate_client import calls
from wxgate_client.errors import Refused, Unreachable
from wxgate_client.gateway import AsyncGateway
from wxgate_client.memory import Entry, Memory, MemoryUnusable
from wxgate_client.plan import Step, Wish, settle
from wxgate_client.uploads import Uploads

AT_ONCE = 8  # as many as a gateway works on, by default
_SAVE_EVERY_S = 0.5
_NO_ANSWER = "网关没有应答 / no answer from the gateway"
_LOOK = (
    "检查地址，以及 wxgate serve 是否在运行；再运行一次会接着做，不会重复"
    " / check the URL and that wxgate serve is running; run again: nothing is done twice"
)

_STOPPED = "原来的任务已取消 / the job before this one is cancelled:"

# Is told of a step's job each time it has changed.
Watch = Callable[[Step, dict[str, Any]], None]


@dataclass(frozen=True)
class Outcome:
    """What became of one file, or of several in one draft."""

    path: str
    state: str  # a job's state, or: unchanged, refused, unreachable, unreadable
    job: str = ""  # its id, once the gateway has accepted the article
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    run_at: str = ""  # when its job is worked on next, RFC 3339
    approval: str | None = None  # "pending" where somebody else must agree first
    warnings: tuple[dict[str, Any], ...] = ()
    images: tuple[dict[str, Any], ...] = ()  # what became of its pictures

    def as_json(self) -> dict[str, Any]:
        """What `publish --json` prints of it."""
        return asdict(self)


async def refresh(gateway: AsyncGateway, names: Iterable[tuple[str, Memory]]) -> None:
    """Ask how the jobs went that had not ended when they were seen last."""
    for name, memory in names:
        entry = memory.get(name)
        if entry is not None and entry.is_pending:
            try:
                job = await gateway.job(entry.job)
            except Refused:
                job = {"id": entry.job, "state": "failed"}  # the gateway has forgotten it
            memory.put(name, seen(entry, job))


class Publisher:
    """Brings files to drafts and publications, a few at a time, and remembers what became of them.

    It may be killed at any moment: the next run hands the same in under the same Idempotency-Key,
    which is the same job, and asks which pictures the gateway has.
    """

    def __init__(
        self,
        gateway: AsyncGateway,
        account: str,
        wish: Wish,
        *,
        at_once: int = AT_ONCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._account = account
        self._wish = wish
        self._at_once = at_once
        self._clock = clock
        self._saved_at = clock()
        self._stopped: set[str] = set()  # jobs that made room for another

    async def publish(self, steps: Sequence[Step], watch: Watch) -> list[Outcome]:
        """Do what each step wants. One that fails stops no other. Raises what `ask` does."""
        uploads = Uploads(self._gateway, self._at_once)
        to_do = [step for step in steps if step.kind in ("new", "changed", "publish")]
        await uploads.ask({sha256 for step in to_do for sha256 in step.pictures()})
        gate = asyncio.Semaphore(2 * self._at_once)  # so that the gateway never runs dry

        async def one(step: Step) -> Outcome:
            settle(step)
            if step.kind not in ("new", "changed", "publish"):
                return _untouched(step)
            async with gate:
                return await self._one(step, uploads, watch)

        try:
            return list(await asyncio.gather(*map(one, steps)))
        finally:
            self._save(steps)

    async def _one(self, step: Step, uploads: Uploads, watch: Watch) -> Outcome:
        path, job_id = step.draft.name, ""
        try:
            update = await self._draft_to_update(step)
            job = await self._hand_in(step, uploads, update)
            job_id = job["id"]
            job = await self._follow(step, job, watch)
            if _is_gone(job.get("error")) and _may_be_made_anew(step):
                job = await self._hand_in(step, uploads, "")
                job_id = job["id"]
                job = await self._follow(step, job, watch)
        except Refused as exc:
            if exc.code == "account_unknown":  # of all files alike
                raise
            return Outcome(path, "refused", job_id, error=self._with_loss(step, exc.error))
        except Unreachable as exc:
            return Outcome(path, "unreachable", job_id, error=lost(exc))
        except OSError as exc:
            return Outcome(path, "unreadable", error={"message": f"{exc.filename}: {exc.strerror}"})
        self._learn(step, job)
        told = (job.get("result"), job.get("error"), job.get("run_at", ""), job.get("approval"))
        of_items = (_of_items(job, "warnings"), _of_items(job, "images"))
        return Outcome(path, job["state"], job_id, *told, *of_items)

    def _with_loss(self, step: Step, error: dict[str, Any]) -> dict[str, Any]:
        """The error, and that the job before this one was stopped to make room for it."""
        if step.entry is None or step.entry.job not in self._stopped:
            return error
        return {**error, "hint": f"{error.get('hint') or ''} {_STOPPED} {step.entry.job}".strip()}

    async def _draft_to_update(self, step: Step) -> str:
        """The draft to write to instead of making another; a job under way is stopped first."""
        entry = step.entry
        if entry is None or self._wish.again:
            return ""
        if entry.is_pending:
            job = await self._gateway.do(calls.steer(entry.job, "cancel"))
            self._stopped.add(entry.job)
            entry = replace(seen(entry, job), mode="draft")
        return entry.media_id if entry.is_draft else ""

    async def _hand_in(self, step: Step, uploads: Uploads, update: str) -> dict[str, Any]:
        wish, entry = self._wish, step.entry
        fields = {**step.draft.fields(wish.article_type), "action": wish.action}
        if wish.publish_at:
            fields["publish_at"] = wish.publish_at
        if wish.skip_late_s is not None:
            fields |= {"if_late": "skip", "max_late_s": wish.skip_late_s}
        if wish.repeat:
            fields["repeat"] = True
        if update:
            fields["update"] = update
        # The same article in the same words, with the same pictures, after the same job, is the
        # same job, for as long as the gateway remembers.
        key = calls.idempotency_key(
            self._account, fields, sorted(step.files), wish.again, _before(step, entry)
        )
        call = calls.article(self._account, fields, files=dict(step.files), key=key)
        try:
            await uploads.bring(step.pictures())
            job = await self._gateway.do(call)
        except Refused as exc:
            if _is_gone(exc.error) and update and _may_be_made_anew(step):
                return await self._hand_in(step, uploads, "")
            if exc.code != "files_missing":
                raise
            uploads.forget(step.pictures())
            await uploads.bring(step.pictures())
            job = await self._gateway.do(call)
        if job["state"] in ("failed", "cancelled") and not _is_gone(job.get("error")):
            # An earlier run's: the article is the same, so what stopped it was something else.
            job = await self._gateway.do(calls.steer(job["id"], "retry"))
        return job

    async def _follow(self, step: Step, job: dict[str, Any], watch: Watch) -> dict[str, Any]:
        async for seen in self._gateway.follow(job):
            job = seen
            watch(step, job)
        return job

    def _learn(self, step: Step, job: dict[str, Any]) -> None:
        if job["state"] not in ("succeeded", "waiting", "scheduled"):
            return
        before = _before(step, step.entry)
        entry = Entry(hash=step.hash, job="", state="", after=before)
        step.memory.put(step.name, replace(seen(entry, job), publish_at=self._wish.when))
        if self._clock() - self._saved_at >= _SAVE_EVERY_S:
            self._saved_at = self._clock()
            with suppress(OSError, MemoryUnusable):  # the end tells of it
                step.memory.save()

    def _save(self, steps: Sequence[Step]) -> None:
        for memory in {id(step.memory): step.memory for step in steps}.values():
            memory.save()


def lost(exc: Unreachable) -> dict[str, Any]:
    """The error of an outcome, where no gateway answers."""
    return {"code": "unreachable", "message": f"{_NO_ANSWER}: {exc}", "hint": _LOOK}


def seen(entry: Entry, job: dict[str, Any]) -> Entry:
    """The entry with what its job says now."""
    told = job.get("result") or {}
    said = {name: told[name] for name in ("mode", "media_id", "url") if told.get(name)}
    return replace(entry, job=job["id"], state=job["state"], **said)


def _before(step: Step, entry: Entry | None) -> str:
    """The job that this one comes after: text that returns to an earlier version is new again."""
    if entry is None:
        return ""
    return entry.after if entry.is_undone and entry.hash == step.hash else entry.job


def _is_gone(error: dict[str, Any] | None) -> bool:
    return error is not None and error.get("code") == "draft_gone"


def _may_be_made_anew(step: Step) -> bool:
    """Not a draft that was only to be published: it may be gone because somebody published it."""
    return step.kind != "publish"


def _untouched(step: Step) -> Outcome:
    path, entry = step.draft.name, step.entry
    if step.kind == "unreadable" or entry is None:
        return Outcome(path, "unreadable", error={"message": step.problem})
    known = {name: getattr(entry, name) for name in ("mode", "media_id", "url")}
    result = {name: value for name, value in known.items() if value}
    return Outcome(path, "unchanged", entry.job, result or None)


def _of_items(job: dict[str, Any], name: str) -> tuple[dict[str, Any], ...]:
    """What the job's articles say under `name`, one after the other."""
    return tuple(entry for item in job.get("items", ()) for entry in item.get(name) or ())
