from sandbox.models import Menu
from sandbox.settings import VERIFIED, SandboxSettings
from sandbox.world import MovableClock, Outcome, World


def test_the_clock_runs_and_jumps() -> None:
    now = [100.0]
    clock = MovableClock(lambda: now[0])
    clock.ahead_s += 50
    now[0] += 1
    assert clock() == 151


def test_ids_have_exactly_the_length_wanted_and_differ() -> None:
    world = World(SandboxSettings())
    ids = [world.new_id(43) for _ in range(100)]
    assert {len(id_) for id_ in ids} == {43}
    assert len(set(ids)) == 100
    world.close()


def test_accounts_are_found_by_app_id() -> None:
    world = World(SandboxSettings())
    assert world.account(VERIFIED.app_id) == VERIFIED
    assert world.account("wx") is None
    world.close()


def test_reset_forgets_what_time_and_callers_made() -> None:
    world = World(SandboxSettings(), lambda: 100.0)
    world.clock.ahead_s = 9
    world.menus.put(VERIFIED.app_id, "menu", Menu(body="{}"))
    world.ledger.commit("menu", VERIFIED.app_id)
    world.blobs.put("x", b"y")
    world.outcomes["*"] = Outcome(errcode=1)
    world.reset()
    assert world.clock() == 100
    assert list(world.menus) == []
    assert world.ledger.entries() == []
    assert world.blobs.get("x") is None
    assert world.outcomes == {}
    world.close()
