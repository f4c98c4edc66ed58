import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from server.forward.authority import open_authority
from server.forward.public_certificate import (
    CertificateUnusable,
    PathUnfit,
    check_path,
    read_public,
)

HOST = "api.weixin.qq.com"


def certificate(path: Path, name: str, *hosts: str) -> Path:
    """A certificate of `name` is written to `path`, bound to `hosts` if there are any."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        subject, subject, key.public_key(), 7, now, now + timedelta(days=1)
    )
    if hosts:
        bounds = x509.NameConstraints([x509.DNSName(host) for host in hosts], None)
        builder = builder.add_extension(bounds, critical=True)
    made = builder.sign(key, hashes.SHA256())
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return path


def test_ours_is_read(tmp_path: Path) -> None:
    authority = open_authority(tmp_path, [HOST], clock=time.time)
    found = read_public(tmp_path / "ca.pem")
    assert found.name.startswith("wxgate CA ")
    assert found.hosts == (HOST,)
    assert found.fingerprint == authority.fingerprint
    assert found.pem.encode() == authority.pem


@pytest.mark.parametrize("name", ["", "Some CA", 'wxgate CA 1"; id; "', "wxgate CA $(id)"])
def test_a_name_that_is_none_of_ours_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CertificateUnusable, match="CN="):
        read_public(certificate(tmp_path / "a.pem", name, HOST))


def test_one_that_may_vouch_for_all_the_world_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CertificateUnusable):
        read_public(certificate(tmp_path / "a.pem", "wxgate CA 01234567"))


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_garbage_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.pem"
    path.write_bytes(content)
    with pytest.raises(CertificateUnusable):
        read_public(path)
    with pytest.raises(CertificateUnusable):
        read_public(tmp_path)


def test_paths_that_quotes_make_safe_are_told() -> None:
    for path in ("/x/ca.pem", r"C:\Program Files\我的.pem", "it's; id #.pem"):
        assert check_path(path) == path
    for path in ("-x.pem", "$(id).pem", "`id`", "%PATH%", 'a"b', "a\nid"):
        with pytest.raises(PathUnfit):
            check_path(path)
