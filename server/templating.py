import time
from dataclasses import dataclass

from content.filling import TemplateFiller
from content.template_work import TemplateWork
from content.workers import WorkerPool
from store.engine import Database


@dataclass(frozen=True)
class Templating:
    """What fills templates in."""

    work: TemplateWork
    filler: TemplateFiller


def make_templating(database: Database, workers: WorkerPool) -> Templating:
    """Of the templates of a store, in these processes."""
    work = TemplateWork(workers)
    return Templating(work, TemplateFiller(database, work, clock=time.time))
