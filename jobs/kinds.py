from jobs import draft_publication, submission
from jobs.context import JobsContext
from jobs.draft_publish import DraftPublishJob
from jobs.drafting import Drafting
from jobs.engine import Handler
from jobs.failures import Failures
from jobs.fields import FillsTemplates
from jobs.polling import Quota
from jobs.publish import ArticleJob, ArticleTools, BuildsDrafts, ForgetsImages
from jobs.release import Release
from jobs.roundtrip import FindsChanges
from wechat.call import Call
from wechat.draft import DraftClient


def article_handlers(  # noqa: PLR0913 - all that they work with
    context: JobsContext,
    builder: BuildsDrafts,
    uploaded: ForgetsImages,
    call: Call,
    quota: Quota,
    *,
    filler: FillsTemplates,
    finder: FindsChanges,
) -> dict[str, Handler]:
    """The handlers of the jobs that make drafts and publish them, by kind.

    They share what they know of the publications that are under way.
    """
    drafts, failures = DraftClient(call), Failures(context.settings, clock=context.clock)
    release = Release(context, call, quota, failures, finder=finder)
    tools = ArticleTools(
        builder=builder,
        filler=filler,
        uploaded=uploaded,
        drafting=Drafting(context, call),
        release=release,
        failures=failures,
        live_client=context.live_client,
    )
    return {
        submission.KIND: ArticleJob(tools, context.database, clock=context.clock),
        draft_publication.KIND: DraftPublishJob(drafts, release, failures, clock=context.clock),
    }
