import subprocess
import sys
from pathlib import Path

import pytest

from store.lock import DataDirInUse, lock_data_dir

HOLD = "import sys; from pathlib import Path; from store.lock import lock_data_dir\nwith lock_data_dir(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"


def test_one_process_at_a_time_and_a_killed_one_does_not_count(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataDirInUse, match=str(holder.pid)), lock_data_dir(tmp_path):
            pass
        holder.kill()
        holder.wait()
    with lock_data_dir(tmp_path):
        pass


def test_it_is_free_again_after_the_block(tmp_path: Path) -> None:
    for _ in range(2):
        with lock_data_dir(tmp_path / "made"):
            assert (tmp_path / "made").is_dir()
