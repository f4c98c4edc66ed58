from jobs import draft_box, materials
from jobs.context import JobsContext
from jobs.engine import Handler
from jobs.errand import Work, runs_errands
from jobs.failures import Failures
from jobs.materials import BringsPictures
from jobs.once import Once
from jobs.publish import ForgetsImages
from jobs.reconcile import Reconcile
from wechat.call import Call
from wechat.draft import DraftClient
from wechat.freepublish import FreepublishClient
from wechat.material import MaterialClient


def errand_handlers(
    context: JobsContext, pictures: BringsPictures, uploaded: ForgetsImages, call: Call
) -> dict[str, Handler]:
    """The handlers of the small jobs that batches are made of, by kind."""
    database, drafts = context.database, DraftClient(call)
    reconcile = Reconcile(database, drafts, FreepublishClient(call))
    work: dict[str, Work] = {
        draft_box.CREATE: draft_box.DraftCreate(
            *(drafts, reconcile, Once(context)), clock=context.clock
        ),
        draft_box.DELETE: draft_box.DraftDelete(drafts),
        materials.UPLOAD: materials.ImageUpload(pictures, database),
        materials.DELETE: materials.MaterialDelete(MaterialClient(call), uploaded, database),
        materials.TAG: materials.MaterialTag(database),
    }
    failures = Failures(context.settings, clock=context.clock)
    return {kind: runs_errands(one, failures, context.live_client) for kind, one in work.items()}
