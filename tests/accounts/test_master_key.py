import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from accounts.master_key import BadMasterKey, Sealer, SecretsSettings, load_master_key


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: load_master_key(SecretsSettings(), tmp_path), range(16)))
    assert len(set(keys)) == 1
    assert len(keys[0]) == 32
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["master.key"]


def test_a_named_file_is_used_and_never_made(tmp_path: Path) -> None:
    named = tmp_path / "elsewhere.key"
    settings = SecretsSettings(master_key_file=str(named))
    with pytest.raises(BadMasterKey, match="No such file"):
        load_master_key(settings, tmp_path)
    named.write_text("ab" * 32)
    assert load_master_key(settings, tmp_path) == b"\xab" * 32


@pytest.mark.parametrize("content", ["", "zz" * 32, "ab" * 16, "ab" * 33])
def test_a_wrong_key_stops_the_start_without_being_shown(tmp_path: Path, content: str) -> None:
    (tmp_path / "master.key").write_text(content)
    with pytest.raises(BadMasterKey) as caught:
        load_master_key(SecretsSettings(), tmp_path)
    assert not content or content not in str(caught.value)


def test_what_was_sealed_opens_for_the_same_purpose_alone() -> None:
    sealer = Sealer(b"k" * 32)
    sealed = sealer.seal(b"text", aad=b"token")
    assert sealer.open(sealed, aad=b"token") == b"text"
    assert sealer.open(sealed, aad=b"other") is None
    assert Sealer(b"x" * 32).open(sealed, aad=b"token") is None


def test_changed_or_cut_bytes_do_not_open() -> None:
    sealer = Sealer(b"k" * 32)
    sealed = sealer.seal(b"text", aad=b"")
    for index in range(len(sealed)):
        changed = bytearray(sealed)
        changed[index] ^= 1
        assert sealer.open(bytes(changed), aad=b"") is None
        assert sealer.open(sealed[:index], aad=b"") is None
