from jobs.errands import errand_handlers
from tests.jobs.rig import Rig


async def test_each_kind_has_its_handler(rig: Rig) -> None:
    uploaded = rig.builder._uploaded
    handlers = errand_handlers(rig.context, rig.builder, uploaded, rig.gateway.calls)
    assert set(handlers) == {
        "draft.create",
        "draft.delete",
        "image.upload",
        "material.delete",
        "material.tag",
    }
