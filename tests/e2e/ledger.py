"""Jobs of many accounts at a faulty WeChat, while the gateway is killed: who says what was done?

Hours pass in seconds: when nobody has anything to do, both clocks jump to the next job's time.
"""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
from pydantic import SecretStr
from sqlalchemy import func, select

from sandbox.faults import Fault
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxAccount, SandboxSettings
from store.engine import Database, DatabaseSettings, StorageUnavailable, open_database
from store.migrate import migrate
from store.tables import ACTIVE_STATES, job
from tests.conftest import free_port
from tests.e2e.ahead import ahead_by, write_ahead
from tests.e2e.processes import write_toml
from tests.e2e.replicas import Replica
from wechat.freepublish import SUBMIT

_IDLE_S = 3.0  # a job that is due later than this is not waited for
_CALLERS = 4
_PAUSE_S = 0.2
_ANY = "/cgi-bin/*"
_LOSING = ("reset_after_commit", "stall")  # faults of calls that are done


@dataclass(frozen=True)
class Plan:
    """How much is done, and what goes wrong meanwhile."""

    accounts: int
    jobs: int  # of each account
    kills: int
    chance: float = 0.05  # of each fault, at each call
    lost_submits: float = 0  # chance of another one: WeChat publishes, and its answer is lost
    publish_s: float = 0.5  # from a submit to the publication's end
    between_kills_s: tuple[float, float] = (2, 6)
    timeout_s: float = 1  # for WeChat's answer
    lease_s: float = 30
    seed: int = 1
    database_url: str = ""  # empty: SQLite

    @property
    def titles(self) -> list[tuple[str, str]]:
        """Account and title of each article; no title twice."""
        return [
            (f"a{account}", f"文 {account} 之 {number}")
            for number in range(self.jobs)
            for account in range(self.accounts)
        ]


@dataclass
class Account:
    """What became of it, by its jobs' own words and by WeChat's ledger."""

    handed_in: int = 0
    states: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    publications: int = 0
    doubled: list[str] = field(default_factory=list)  # published more than once
    invented: list[str] = field(default_factory=list)  # says published, and is not
    denied: list[str] = field(default_factory=list)  # is published, and the job is over without
    lost: list[str] = field(default_factory=list)  # handed in, and gone or without an end
    unexplained: list[str] = field(default_factory=list)  # failed without a reason

    @property
    def faults(self) -> list[str]:
        """What must not be."""
        return [*self.doubled, *self.invented, *self.denied, *self.lost, *self.unexplained]


@dataclass
class Outcome:
    """The end of a run."""

    accounts: dict[str, Account]
    jumps: int
    faults: Counter[str]  # that happened at WeChat
    lost_submits: int  # of those, at submits: WeChat answered, and nobody heard it


class Trouble(Protocol):
    """What happens meanwhile to the gateway and to what it needs."""

    async def start(self) -> None:
        """Start the gateway."""
        ...

    async def go(self, over: asyncio.Event) -> None:
        """Do harm; at the end the gateway runs. `over`: no job is left."""
        ...

    def working(self) -> Iterable[int]:
        """The processes that may do something now."""
        ...


class Kills:
    """`kill -9` of the one gateway, now and then."""

    def __init__(self, plan: Plan, gateway: Replica) -> None:
        self._plan = plan
        self._random = random.Random(plan.seed)
        self.gateway = gateway
        self.done = 0

    async def start(self) -> None:
        """Start it."""
        await self.gateway.start()

    def working(self) -> Iterable[int]:
        """Of the gateway, while it runs."""
        return [] if self.gateway.process is None else [self.gateway.pid]

    async def go(self, over: asyncio.Event) -> None:
        """All the kills of the plan, whether work is left or not."""
        del over
        for _ in range(self._plan.kills):
            await asyncio.sleep(self._random.uniform(*self._plan.between_kills_s))
            await self.gateway.end()
            await asyncio.sleep(self._random.uniform(0, 0.5))
            await self.gateway.start()
            self.done += 1


class Run:
    """One run of a Plan."""

    def __init__(
        self,
        plan: Plan,
        sandbox: RunningSandbox,
        database: Database,
        http: httpx.AsyncClient,
        trouble: Trouble,
        ahead: Path,
    ) -> None:
        self._plan = plan
        self.sandbox = sandbox
        self.database = database
        self.http = http
        self._trouble = trouble
        self._ahead = ahead
        self._over = asyncio.Event()
        self._ids: dict[tuple[str, str], str] = {}
        self._jumps: list[tuple[float, float]] = []  # when, and over how much

    async def go(self) -> Outcome:
        """All of it, to the end of the last job."""
        await self._trouble.start()
        for fault in faults_of(self._plan):
            self.sandbox.faults.add(fault)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hand_in_all())
            tasks.create_task(self._trouble.go(self._over))
            tasks.create_task(self._pass_time())
        return await self._outcome()

    async def progress(self) -> str:
        """How far it is."""
        query = select(job.c.state, func.count()).group_by(job.c.state)
        async with self.database.read() as connection:
            states = [f"{count} {state}" for state, count in await connection.execute(query)]
        return ", ".join([*states, f"{len(self._jumps)} jumps of time"])

    async def _hand_in_all(self) -> None:
        left = iter(self._plan.titles)

        async def caller() -> None:
            for account, title in left:
                self._ids[account, title] = await self._hand_in(account, title)

        await asyncio.gather(*(caller() for _ in range(_CALLERS)))

    async def _hand_in(self, account: str, title: str) -> str:
        """As a careful client does: under one key, until there is an answer."""
        article = {"title": title, "markdown": f"这是{title}。", "action": "publish"}
        while True:
            with suppress(httpx.TransportError):
                answer = await self.http.post(
                    f"/v1/accounts/{account}/articles",
                    json=article,
                    headers={**authorized(account), "Idempotency-Key": title.encode().hex()},
                )
                if answer.status_code in (200, 202):
                    job_id: str = answer.json()["id"]
                    return job_id
                assert answer.status_code == 503, answer.text
            await asyncio.sleep(_PAUSE_S)

    async def _pass_time(self) -> None:
        """Until all jobs are over; where nothing is to be done for long, time jumps."""
        while not self._over.is_set():
            await asyncio.sleep(_PAUSE_S)
            with suppress(StorageUnavailable):
                await self._jump()
                if len(self._ids) == len(self._plan.titles) and not await self._is_work_left():
                    self._over.set()

    async def _jump(self) -> None:
        clock = self.sandbox.world.clock
        idle_s = await self._idle_s(clock())
        if idle_s > _IDLE_S:
            self._jumps.append((clock(), idle_s))
            clock.ahead_s += idle_s
            write_ahead(self._ahead, clock.ahead_s)

    def without_jumps(self, at: float) -> float:
        """That time of WeChat's by a clock that just ran on."""
        return at - sum(seconds for when, seconds in self._jumps if when < at)

    async def _is_work_left(self) -> bool:
        query = select(job.c.id).where(job.c.state.in_(ACTIVE_STATES)).limit(1)
        async with self.database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def _idle_s(self, now: float) -> float:
        """For how long nobody has anything to do; of dead and stopped holders nothing comes."""
        due = func.min(func.coalesce(job.c.lease_until, job.c.run_at))
        query = (
            select(job.c.lease_owner, due)
            .where(job.c.state.in_(ACTIVE_STATES))
            .group_by(job.c.lease_owner)
        )
        async with self.database.read() as connection:
            found = (await connection.execute(query)).all()
        working = {str(pid) for pid in self._trouble.working()}
        if not found or any(owner and owner.split("/")[-2] in working for owner, _ in found):
            return 0
        return min(float(first) for _, first in found) - now

    async def _outcome(self) -> Outcome:
        accounts = {f"a{number}": Account() for number in range(self._plan.accounts)}
        published = Counter(
            entry.data["title"] for entry in self.sandbox.ledger.entries("publication")
        )
        for (name, title), job_id in self._ids.items():
            seen = await self.http.get(f"/v1/jobs/{job_id}", headers=authorized(name))
            _judge(accounts[name], title, seen, published[title])
        assert sum(published.values()) == sum(one.publications for one in accounts.values())
        happened: Counter[str] = Counter()
        for (kind, _path), count in self.sandbox.faults.happened.items():
            happened[kind] += count
        lost = sum(self.sandbox.faults.happened[kind, SUBMIT] for kind in _LOSING)
        return Outcome(accounts, len(self._jumps), happened, lost)


def _judge(account: Account, title: str, seen: httpx.Response, published: int) -> None:
    account.handed_in += 1
    account.publications += published
    if published > 1:
        account.doubled.append(title)
    if seen.status_code != 200:
        account.lost.append(title)
        return
    said: dict[str, Any] = seen.json()
    state, mode = said["state"], (said.get("result") or {}).get("mode")
    is_published = state == "succeeded" and mode == "published"
    account.states["published" if is_published else state] += 1
    if state in ACTIVE_STATES:
        account.lost.append(title)
    elif is_published and not published:
        account.invented.append(title)
    elif published and not is_published and state != "needs_review":
        account.denied.append(title)
    elif not is_published:
        reason = (said.get("error") or {}).get("code")
        account.reasons[f"{state}: {reason}"] += 1
        if state not in ("failed", "needs_review") or not reason:
            account.unexplained.append(title)


@asynccontextmanager
async def open_run(plan: Plan, directory: Path) -> AsyncIterator[tuple[Run, Kills]]:
    """A sandbox, a data_dir and a gateway that is not started yet."""
    port, ahead = free_port(), directory / "ahead"
    url = f"http://127.0.0.1:{port}"
    async with run_sandbox(sandbox_of(plan)) as sandbox:
        config = configuration(plan, sandbox)
        config["server"] |= {"listen": url[7:], "public_url": url, "data_dir": f"{directory}/data"}
        write_toml(path := directory / "config.toml", config)
        kills = Kills(plan, Replica("gateway", path, port, ahead_by(ahead)))
        kept = DatabaseSettings(url=SecretStr(plan.database_url))
        async with (
            open_database(kept, directory / "data") as database,
            httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http,
        ):
            if plan.database_url:
                await migrate(database)
            try:
                yield Run(plan, sandbox, database, http, kills, ahead), kills
            finally:
                if kills.gateway.process is not None:
                    await kills.gateway.end(signal.SIGTERM)


def faults_of(plan: Plan) -> Iterator[Fault]:
    """Those of WeChat's that the plan names, without end."""
    kinds: list[tuple[str, str, float, dict[str, Any]]] = [
        # The first of all, so that its chance is not what the others leave.
        ("reset_after_commit", SUBMIT, plan.lost_submits, {}),
        ("reset_after_commit", _ANY, plan.chance, {}),
        ("stall", _ANY, plan.chance, {}),
        ("errcode", _ANY, plan.chance, {"errcode": -1}),
        ("errcode", _ANY, plan.chance, {"errcode": 45009}),
    ]
    for kind, path, chance, values in kinds:
        if chance:
            fault = {"kind": kind, "path": path, "count": 10**9, "chance": chance}
            yield Fault.model_validate(fault | values)


def sandbox_of(plan: Plan) -> SandboxSettings:
    """A WeChat with the accounts of the plan."""
    known = tuple(
        SandboxAccount(app_id=f"wx5a4db0c0ffe1{n:04}", app_secret=f"sandbox-secret-ledger-{n:08}")
        for n in range(plan.accounts)
    )
    return SandboxSettings(accounts=known, publish_s=plan.publish_s)


def configuration(plan: Plan, sandbox: RunningSandbox) -> dict[str, Any]:
    """As a file would say it, without what belongs to one process."""
    names = [f"a{number}" for number in range(plan.accounts)]
    database = {"database": {"url": plan.database_url}} if plan.database_url else {}
    return {
        "server": {"control_rate_limit": "600000/minute"},
        "upstream": {
            "base_urls": [sandbox.url],
            "mp_base_url": sandbox.url,
            "timeout_s": plan.timeout_s,
        },
        "jobs": {"lease_s": plan.lease_s},
        "log": {"level": "error"},
        **database,
        "accounts": [
            {"name": name, "app_id": account.app_id, "app_secret": account.app_secret}
            for name, account in zip(names, sandbox.world.settings.accounts, strict=True)
        ],
        # One for each account: no client may hand in more than 120 articles a minute.
        "clients": [
            {
                "id": name,
                "key": key_of(name),
                "accounts": [name],
                "scopes": ["material", "draft", "publish"],
            }
            for name in names
        ],
    }


def key_of(client: str) -> str:
    """The client's key."""
    return f"wxg_{client}_0123456789abcdefghijklmn"


def authorized(client: str) -> dict[str, str]:
    """The header with it."""
    return {"Authorization": f"Bearer {key_of(client)}"}
