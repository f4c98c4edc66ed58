from pathlib import Path

import pytest

from server.data_dir import DataDirUnusable, make_data_dir


def test_it_is_made_and_left_empty(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    make_data_dir(path)
    make_data_dir(path)
    assert list(path.iterdir()) == []


@pytest.mark.parametrize("place", ["file", "file/var"])
def test_what_cannot_be_one_is_told_with_its_path(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataDirUnusable) as caught:
        make_data_dir(tmp_path / place)
    assert str(tmp_path / place) in str(caught.value)
    assert "server.data_dir" in caught.value.describe("zh", "")["hint"]


def test_a_file_system_that_takes_no_files_is_told() -> None:
    with pytest.raises(DataDirUnusable):
        make_data_dir(Path("/proc"))
