"""The routes of batches and of files that are sent ahead, for articles and for messages."""

import time

from accounts.official import Accounts
from handlers import batches_operations as about_batches
from handlers import files_operations as about_files
from handlers import uploads_operations as about_uploads
from handlers.batch_bodies import BatchBodies
from handlers.batches import BatchesHandler
from handlers.body_budget import BodyBudget
from handlers.files import FilesHandler
from handlers.openapi import ApiRoute
from handlers.uploads import UploadsHandler
from jobs.settings import JobsSettings
from server.work import Work


def batch_routes(
    work: Work, accounts: Accounts, bodies: BodyBudget, settings: JobsSettings
) -> list[ApiRoute]:
    """A line each."""
    read = BatchBodies(bodies, work.archives, settings)
    batches = BatchesHandler(
        *(work.jobs, work.files, accounts, read, work.templating.filler), clock=time.time
    )
    files = FilesHandler(work.files, bodies)
    uploads = UploadsHandler(work.uploads, bodies)
    return [
        ApiRoute("POST", "/accounts/{account}/batches", batches.create, about_batches.BATCH),
        ApiRoute("POST", "/files", uploads.create, about_uploads.UPLOAD),
        ApiRoute("POST", "/files/missing", files.missing, about_files.MISSING),
        ApiRoute("PUT", "/files/{sha256}", files.put, about_files.PUT),
    ]
