from tests.jobs.rig import Rig


def test_every_kind_has_its_handler(rig: Rig) -> None:
    assert {"article", "draft.publish"} <= set(rig.engine._handlers)
