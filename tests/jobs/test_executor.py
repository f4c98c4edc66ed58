import os
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.executor import Executor

SAY_ID = "from jobs.executor import Executor; import sys; print(Executor(alone=False).id, flush=True); sys.stdin.read()"


def test_a_living_process_may_send_and_a_dead_one_may_not() -> None:
    me = Executor(alone=False)
    with subprocess.Popen(
        [sys.executable, "-c", SAY_ID], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        owner = other.stdout.readline().strip()
        assert owner != me.id
        assert not me.can_send_no_more(owner)
        other.kill()
        other.wait()
    assert me.can_send_no_more(owner)


def test_the_holder_of_the_lock_knows_that_all_others_are_gone() -> None:
    assert Executor(alone=True).can_send_no_more("anything/else/1/2")


def test_ones_own_attempts_are_over() -> None:
    me = Executor(alone=False)
    assert me.can_send_no_more(me.id)


def test_nothing_is_known_of_other_machines_and_containers() -> None:
    me = Executor(alone=False)
    place, _, _ = me.id.rpartition("/")
    place, _, _ = place.rpartition("/")
    dead_pid = "99999999"
    assert me.can_send_no_more(f"{place}/{dead_pid}/1")
    assert not me.can_send_no_more(f"other-boot{place[10:]}/{dead_pid}/1")
    assert not me.can_send_no_more("garbage")
    assert not me.can_send_no_more("")


def test_a_pid_that_was_given_to_another_process_is_not_the_owner() -> None:
    me = Executor(alone=False)
    place, pid, _ = me.id.rsplit("/", 2)
    assert int(pid) == os.getpid()
    assert me.can_send_no_more(f"{place}/{pid}/1")


@pytest.mark.parametrize("fault", [PermissionError, FileNotFoundError])
def test_a_process_that_cannot_be_seen_is_not_gone(
    monkeypatch: pytest.MonkeyPatch, fault: type[OSError]
) -> None:
    """Out of file descriptors, or a /proc mounted with hidepid."""
    me = Executor(alone=False)
    place = me.id.rsplit("/", 2)[0]
    parent = f"{place}/{os.getppid()}/1"
    assert me.can_send_no_more(parent)  # that pid began at another time

    def refuse(*_: object) -> str:
        raise fault

    monkeypatch.setattr(Path, "read_text", refuse)
    assert not me.can_send_no_more(parent)
    assert Executor(alone=False).id.startswith("exec_")


def test_without_proc_nothing_can_be_proven(tmp_path: Path) -> None:
    first, second = (Executor(alone=False, proc=tmp_path) for _ in range(2))
    assert first.id != second.id
    assert not first.can_send_no_more(second.id)
    assert first.can_send_no_more(first.id)
