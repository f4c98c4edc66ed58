"""The routes of publishing drafts that are there, and of what people do about jobs."""

import time

from accounts.official import Accounts
from handlers import draft_publish_operations as about_drafts
from handlers import job_reviews_operations as about_reviews
from handlers.draft_publish import DraftPublishHandler
from handlers.job_reviews import JobReviewsHandler
from handlers.jobs import JobsHandler
from handlers.openapi import ApiRoute
from server.work import Work


def effect_routes(work: Work, accounts: Accounts) -> list[ApiRoute]:
    """A line each."""
    drafts = DraftPublishHandler(work.jobs, accounts, work.mass, clock=time.time)
    retries = JobsHandler(work.jobs, work.lists)
    reviews = JobReviewsHandler(
        *(work.jobs, work.resolution, retries),
        *(work.renderer, work.drafts, work.templating.filler),
    )
    one = "/accounts/{account}/drafts/{media_id}"
    return [
        ApiRoute("POST", f"{one}/publish", drafts.publish, about_drafts.DRAFT_PUBLISH),
        ApiRoute("POST", f"{one}/preview", drafts.preview, about_drafts.DRAFT_PREVIEW),
        ApiRoute("POST", "/jobs/retry", reviews.retry, about_reviews.RETRY_MANY),
        ApiRoute("POST", "/jobs/{job_id}/resolve", reviews.resolve, about_reviews.RESOLVE),
        ApiRoute("GET", "/jobs/{job_id}/preview", reviews.preview, about_reviews.PREVIEW),
    ]
