"""An engine that works on articles: the real calls to a real sandbox, on a real database.

Only the builder of articles is a small one: it renders nothing and uploads one plain cover.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from content.article import BuiltArticle, ImageOutcome, Warning_
from content.bring import Brought
from content.fields import ArticleFields, DraftFields
from content.roundtrip.compare import compare
from content.uploads import UploadKind
from core.crash import CrashPoint, no_crash
from core.errors import Text
from core.metrics import Metrics
from jobs.batch import Batch, Policy
from jobs.changes import Changes
from jobs.context import JobsContext
from jobs.engine import Engine
from jobs.errands import errand_handlers
from jobs.executor import Executor
from jobs.intake import Handed
from jobs.kinds import article_handlers
from jobs.publish import Progress
from jobs.service import Jobs
from jobs.settings import JobsSettings
from jobs.states import State
from jobs.submission import Submission
from proxy.upstream import UpstreamSettings
from sandbox.faults import Fault
from sandbox.server import RunningSandbox
from store import jobs as job_rows
from store.engine import Database
from store.images import UploadedImages
from store.jobs import JobHead, JobRow
from tests.gateway import Gateway, Setup, open_gateway
from tests.jobs.callers import Callers
from tests.jobs.journals import journal_of
from wechat.call import Upload
from wechat.draft import Article
from wechat.material import MaterialClient

# A PNG of one grey pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)
QUICK = JobsSettings(
    lease_s=2,
    sweep_s=0.05,
    first_poll_s=(0.05, 0.1, 0.3, 0.6),
    poll_every_s=0.5,
    reconcile_quiet_s=0.8,
    repeat_window_s=0,  # most tests publish the same words
)
ADD = "/cgi-bin/draft/add"
SUBMIT = "/cgi-bin/freepublish/submit"


class Time:
    """The clock of both sides, which a test may move ahead."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


class NoStats:
    def count(self, event: str, account: str) -> None:
        pass


class NoTemplates:
    """A TemplateFiller for articles that name none."""

    async def filled(self, fields: DraftFields, **_how: Any) -> DraftFields:
        assert fields.template is None
        return fields


class FoundHere:
    """Compares in this process what WeChat kept."""

    async def changes(self, sent: str, kept: str) -> list[dict[str, Any]]:
        return compare(sent, kept)


class PlainBuilder:
    """Keeps the Protocol BuildsDrafts: titles, words, and pictures that WeChat really has."""

    def __init__(self, material: MaterialClient, uploaded: UploadedImages) -> None:
        self._material = material
        self._uploaded = uploaded
        self.built: list[dict[str, bytes]] = []  # the files of each build
        self.before: Callable[[], Any] | None = None

    async def build(
        self,
        account: str,
        fields: DraftFields,
        files: Mapping[str, bytes],
        *,
        on_progress: Progress | None = None,
    ) -> list[BuiltArticle]:
        self.built.append(dict(files))
        if self.before is not None:
            await self.before()
        sha256 = hashlib.sha256(PNG).hexdigest()
        cover = await self._uploaded.get(account, sha256, "material")
        if cover is None:
            picture = Upload("a.png", "image/png", PNG)
            cover = (await self._material.add_image(account, picture)).media_id
            await self._uploaded.put(account, sha256, "material", cover)
        if on_progress is not None:
            await on_progress("images", 1, 1)
        alone = fields.articles is None
        return [_built(article, cover, alone=alone) for article in fields.each()]

    async def upload(
        self, account: str, src: str, files: Mapping[str, bytes], kind: UploadKind
    ) -> Brought:
        picture = Upload("a.png", "image/png", files.get(src, PNG))
        if kind == "article":
            return Brought(await self._material.uploadimg(account, picture), None, 1)
        return Brought((await self._material.add_image(account, picture)).media_id, None, 1)


def _built(fields: ArticleFields, cover: str, *, alone: bool) -> BuiltArticle:
    newspic = fields.article_type == "newspic"
    text = fields.markdown
    return BuiltArticle(
        article=Article(
            title=fields.title or "标题",
            content=f"{text}\n第二行" if newspic else f"<p style='color:#f00'>{text}</p>",
            thumb_media_id="" if newspic else cover,
            digest="摘要" if alone else "",
            article_type=fields.article_type or "news",
            image_media_ids=(cover, cover) if newspic else (),
        ),
        images=(ImageOutcome("images[0]", "a.png", "uploaded", "u", 1, 1),),
        warnings=(Warning_("thin", Text("太短", "thin"), "markdown"),),
    )


@dataclass
class Work:
    """An engine and what belongs to it."""

    database: Database
    gateway: Gateway
    builder: PlainBuilder
    context: JobsContext
    jobs: Jobs
    time: Time
    engine: Engine
    callers: Callers

    async def submit(self, text: str = "正文", **values: Any) -> JobRow:
        """Hand in an article of client `blog` for account `main`."""
        fields = values.pop("fields", None)
        if fields is None:
            fields = DraftFields(markdown=text, title=values.pop("title", "标题"))
        defaults: dict[str, Any] = {"client_id": "blog", "account": "main", "action": "publish"}
        return await self.jobs.submit(Submission(fields=fields, **{**defaults, **values}))

    async def batch(
        self, items: Sequence[Handed], *, kind: str = "articles", **policy: Any
    ) -> JobRow:
        """Hand in a batch of client `blog` for account `main`."""
        how = Policy(kind=kind, **{"concurrency": 2, **policy})
        now = self.time()
        return await self.jobs.submit(
            Batch.of(items, how, now=now, client_id="blog", account="main")
        )

    async def items(self, batch: JobRow) -> Sequence[JobHead]:
        """The jobs that a batch is made of."""
        return await self.jobs.items(batch)

    async def get(self, job_id: str) -> JobRow:
        """The whole job as it is now."""
        async with self.database.read() as connection:
            row = await job_rows.get(connection, job_id)
        assert row is not None
        return row

    async def until(self, job_id: str, *states: State, timeout_s: float = 30) -> JobRow:
        """The job as soon as it is in one of `states`; without any, as soon as it is over."""
        async with asyncio.timeout(timeout_s):
            while True:
                row = await self.get(job_id)
                state = State(row.state)
                if state in states or (not states and state.is_final):
                    return row
                await asyncio.sleep(0.02)


@dataclass
class Rig(Work):
    """The same, and the WeChat that the work is done at."""

    sandbox: RunningSandbox

    def fault(self, kind: str, path: str, **values: Any) -> None:
        """Plan a fault at WeChat."""
        self.sandbox.faults.add(Fault.model_validate({"kind": kind, "path": path, **values}))

    def ahead(self, seconds: float) -> None:
        """Move the clocks of both sides."""
        self.time.ahead_s += seconds
        self.sandbox.world.clock.ahead_s += seconds

    def committed(self, kind: str) -> int:
        """How many entries of that kind WeChat's ledger has."""
        return len(self.sandbox.ledger.entries(kind))

    def calls(self, path: str) -> int:
        """How many requests of that path reached WeChat, those that a fault ate included."""
        eaten = sum(n for (_, spoilt), n in self.sandbox.faults.happened.items() if spoilt == path)
        answered = sum(self.sandbox.calls.by_account().get(path, {}).values())
        return eaten + answered


@asynccontextmanager
async def open_work(
    database: Database,
    url: str,
    data_dir: Path,
    *,
    settings: JobsSettings = QUICK,
    crash: CrashPoint = no_crash,
    alone: bool | None = None,
) -> AsyncIterator[Work]:
    """An engine that is not started yet, working at the WeChat of that URL."""
    clock = Time()
    upstream = UpstreamSettings(base_urls=(url,), timeout_s=2)
    setup = Setup(upstream, data_dir, crash=crash, clock=clock)
    async with open_gateway(setup) as gateway:
        uploaded = UploadedImages(database, NoStats(), clock=clock)
        builder = PlainBuilder(MaterialClient(gateway.calls), uploaded)
        callers = Callers()
        context = JobsContext(
            database=database,
            settings=settings,
            executor=Executor(alone=database.is_sqlite if alone is None else alone),
            changes=Changes(),
            journal=journal_of(database),
            live_client=callers,
            metrics=Metrics(),
            clock=clock,
            crash=crash,
        )
        handlers = article_handlers(
            *(context, builder, uploaded, gateway.calls, gateway.calls),
            filler=NoTemplates(),
            finder=FoundHere(),
        )
        handlers |= errand_handlers(context, builder, uploaded, gateway.calls)
        engine = Engine(context, handlers)
        jobs = Jobs(
            database, context.settings, context.changes, engine.wake, context.journal, clock=clock
        )
        yield Work(database, gateway, builder, context, jobs, clock, engine, callers)


@asynccontextmanager
async def open_rig(
    database: Database, sandbox: RunningSandbox, data_dir: Path, *, url: str = "", **how: Any
) -> AsyncIterator[Rig]:
    """A rig whose engine is at work."""
    async with open_work(database, url or sandbox.url, data_dir, **how) as work, work.engine:
        yield Rig(**vars(work), sandbox=sandbox)
