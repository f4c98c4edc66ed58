from dataclasses import dataclass

from core.clock import Clock
from core.crash import CrashPoint
from core.metrics import Metrics
from jobs.changes import Changes
from jobs.executor import Executor
from jobs.journal import Journal
from jobs.rights import LiveClient
from jobs.settings import JobsSettings
from store.engine import Database


@dataclass(frozen=True, slots=True)
class JobsContext:
    """What the parts of jobs/ share; one a process, made by the composition root."""

    database: Database
    settings: JobsSettings
    executor: Executor
    changes: Changes
    journal: Journal
    live_client: LiveClient
    metrics: Metrics
    clock: Clock
    crash: CrashPoint
