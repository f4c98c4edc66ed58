import json
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from server.overrides import Overrides
from server.supervisor import Orders


def orders(config: Path, listener: int, leash: int, forward: int | None = None) -> Orders:
    return Orders(
        config=str(config),
        overrides=Overrides(workers=None).model_dump(),
        role="all",
        worker=2,
        listener=listener,
        forward=forward,
        leash=leash,
    )


def test_orders_reach_a_child_whole() -> None:
    given = orders(Path("c.toml"), 3, 4, 5)
    assert set(given.inherited) == {3, 4, 5}
    assert given.command()[1:3] == ["-m", "server.child"]
    assert Orders(**json.loads(given.command()[3])) == given
    assert None not in orders(Path("c.toml"), 3, 4).inherited
    assert "forward" in asdict(given)


def test_a_child_whose_configuration_is_wrong_ends_as_serve_does(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text("[server]\nnonsense = 1\n", "utf-8")
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.create_server(("127.0.0.1", 0)) as listener:
        given = orders(tmp_path / "gate.toml", listener.fileno(), theirs.fileno())
        done = subprocess.run(
            given.command(), pass_fds=given.inherited, capture_output=True, check=False, text=True
        )
    assert done.returncode == 2
    assert "server.nonsense" in done.stderr
    assert sys.executable in given.command()
