"""Jobs of many accounts at a faulty WeChat, while the gateway is killed: who says what was done?

Hours pass in seconds: when nobody has anything to do, both clocks jump to the next job's time.
"""

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import func, select

from sandbox.faults import Fault
from sandbox.server import RunningSandbox, run_sandbox
from sandbox.settings import SandboxAccount, SandboxSettings
from store.engine import Database, DatabaseSettings, open_database
from store.migrate import migrate
from store.tables import ACTIVE_STATES, job
from tests.conftest import free_port
from tests.e2e.ahead import write_ahead
from tests.e2e.processes import write_toml

_IDLE_S = 3.0  # a job that is due later than this is not waited for
_START_S = 60
_CALLERS = 4
_PAUSE_S = 0.2


@dataclass(frozen=True)
class Plan:
    """How much is done, and what goes wrong meanwhile."""

    accounts: int
    jobs: int  # of each account
    kills: int
    chance: float = 0.05  # of each fault, at each call
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
    kills: int
    jumps: int
    faults: Counter[str]  # that happened at WeChat
    ready_s: list[float]  # how long each start took


class Gateway:
    """`wxgate serve` on one data_dir, killed and started again."""

    def __init__(self, config: Path, ahead: Path, http: httpx.AsyncClient) -> None:
        self._config = config
        self._ahead = ahead
        self._http = http
        self._process: asyncio.subprocess.Process | None = None
        self.ready_s: list[float] = []

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        began = time.monotonic()
        clean = {k: v for k, v in os.environ.items() if not k.startswith("WXGATE_")}
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.e2e.ahead", str(self._ahead)),
            *("serve", "--config", str(self._config)),
            env=clean,
        )
        async with asyncio.timeout(_START_S):
            while not await self._is_ready():
                assert self._process.returncode is None, "the gateway does not start"
                await asyncio.sleep(0.05)
        self.ready_s.append(time.monotonic() - began)

    async def _is_ready(self) -> bool:
        try:
            return (await self._http.get("/health/ready")).status_code == 200
        except httpx.TransportError:
            return False

    async def end(self, sign: int = signal.SIGKILL) -> None:
        """Send it that signal, and wait for its end."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(sign)
            await self._process.wait()
            self._process = None


class Run:
    """One run of a Plan."""

    def __init__(
        self,
        plan: Plan,
        sandbox: RunningSandbox,
        database: Database,
        http: httpx.AsyncClient,
        files: tuple[Path, Path],
    ) -> None:
        self._plan = plan
        self.sandbox = sandbox
        self.database = database
        self.http = http
        config, self._ahead = files
        self.gateway = Gateway(config, self._ahead, http)
        self._random = random.Random(plan.seed)
        self._ids: dict[tuple[str, str], str] = {}
        self._kills = self._jumps = 0

    async def go(self) -> Outcome:
        """All of it, to the end of the last job."""
        await self.gateway.start()
        for kind, values in (
            ("reset_after_commit", {}),
            ("stall", {}),
            ("errcode", {"errcode": -1}),
            ("errcode", {"errcode": 45009}),
        ):
            fault = {"kind": kind, "path": "/cgi-bin/*", "count": 10**9, **values}
            if self._plan.chance:
                self.sandbox.faults.add(
                    Fault.model_validate({**fault, "chance": self._plan.chance})
                )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hand_in_all())
            tasks.create_task(self._kill_now_and_then())
            tasks.create_task(self._pass_time())
        return await self._outcome()

    async def progress(self) -> str:
        """How far it is."""
        query = select(job.c.state, func.count()).group_by(job.c.state)
        async with self.database.read() as connection:
            states = [f"{count} {state}" for state, count in await connection.execute(query)]
        return ", ".join([*states, f"{self._kills} kills", f"{self._jumps} jumps of time"])

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
                    headers={**key_of(account), "Idempotency-Key": title.encode().hex()},
                )
                if answer.status_code in (200, 202):
                    job_id: str = answer.json()["id"]
                    return job_id
                assert answer.status_code == 503, answer.text
            await asyncio.sleep(_PAUSE_S)

    async def _kill_now_and_then(self) -> None:
        for _ in range(self._plan.kills):
            await asyncio.sleep(self._random.uniform(*self._plan.between_kills_s))
            await self.gateway.end()
            await asyncio.sleep(self._random.uniform(0, 0.5))
            await self.gateway.start()
            self._kills += 1

    async def _pass_time(self) -> None:
        """Until all jobs are over; where nothing is to be done for long, time jumps."""
        ahead_s = 0.0
        while len(self._ids) < len(self._plan.titles) or await self._is_work_left():
            await asyncio.sleep(_PAUSE_S)
            idle_s = await self._idle_s(time.time() + ahead_s)
            if idle_s > _IDLE_S:
                ahead_s += idle_s
                self.sandbox.world.clock.ahead_s = ahead_s
                write_ahead(self._ahead, ahead_s)
                self._jumps += 1

    async def _is_work_left(self) -> bool:
        query = select(job.c.id).where(job.c.state.in_(ACTIVE_STATES)).limit(1)
        async with self.database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def _idle_s(self, now: float) -> float:
        """For how long nobody has anything to do."""
        query = select(func.min(job.c.run_at), func.max(job.c.lease_until)).where(
            job.c.state.in_(ACTIVE_STATES)
        )
        async with self.database.read() as connection:
            first_due, leased_until = (await connection.execute(query)).one()
        if first_due is None or leased_until is not None:
            return 0
        return float(first_due) - now

    async def _outcome(self) -> Outcome:
        accounts = {f"a{number}": Account() for number in range(self._plan.accounts)}
        published = Counter(
            entry.data["title"] for entry in self.sandbox.ledger.entries("publication")
        )
        for (name, title), job_id in self._ids.items():
            seen = await self.http.get(f"/v1/jobs/{job_id}", headers=key_of(name))
            _judge(accounts[name], title, seen, published[title])
        assert sum(published.values()) == sum(one.publications for one in accounts.values())
        happened: Counter[str] = Counter()
        for (kind, _path), count in self.sandbox.faults.happened.items():
            happened[kind] += count
        return Outcome(accounts, self._kills, self._jumps, happened, self.gateway.ready_s)


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
async def open_run(plan: Plan, directory: Path) -> AsyncIterator[Run]:
    """A sandbox, a data_dir and a gateway that is not started yet."""
    known = tuple(
        SandboxAccount(app_id=f"wx5a4db0c0ffe1{n:04}", app_secret=f"sandbox-secret-ledger-{n:08}")
        for n in range(plan.accounts)
    )
    settings = SandboxSettings(accounts=known, publish_s=0.5)
    config, ahead = directory / "config.toml", directory / "ahead"
    url = f"http://127.0.0.1:{free_port()}"
    write_ahead(ahead, 0)
    async with run_sandbox(settings) as sandbox:
        write_toml(config, _configuration(plan, sandbox, directory, url))
        kept = DatabaseSettings(url=SecretStr(plan.database_url))
        async with (
            open_database(kept, directory / "data") as database,
            httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http,
        ):
            if plan.database_url:
                await migrate(database)
            run = Run(plan, sandbox, database, http, (config, ahead))
            try:
                yield run
            finally:
                await run.gateway.end(signal.SIGTERM)


def _configuration(
    plan: Plan, sandbox: RunningSandbox, directory: Path, url: str
) -> dict[str, Any]:
    names = [f"a{number}" for number in range(plan.accounts)]
    database = {"database": {"url": plan.database_url}} if plan.database_url else {}
    return {
        "server": {
            "listen": url[7:],
            "public_url": url,
            "data_dir": str(directory / "data"),
            "control_rate_limit": "600000/minute",
        },
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
                "key": _key(name),
                "accounts": [name],
                "scopes": ["material", "draft", "publish"],
            }
            for name in names
        ],
    }


def _key(account: str) -> str:
    return f"wxg_{account}_0123456789abcdefghijklmn"


def key_of(account: str) -> dict[str, str]:
    """The header with the key of the account's client."""
    return {"Authorization": f"Bearer {_key(account)}"}
