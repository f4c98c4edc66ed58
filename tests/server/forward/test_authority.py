import ssl
import stat
import subprocess
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.forward.authority import (
    AuthorityExpired,
    AuthorityUnusable,
    open_authority,
    read_authority,
)
from server.forward.certificates import make_leaf
from tests.proxy.conftest import Time

HOSTS = ("api.weixin.qq.com", "mp.weixin.qq.com")


def load(folder: Path) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    text = (folder / "ca.key.pem").read_bytes()
    key = serialization.load_pem_private_key(text, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key, x509.load_pem_x509_certificate(text)


def test_it_is_made_once_and_its_key_is_the_operators_alone(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    first = open_authority(folder, HOSTS, clock=Time())
    assert open_authority(folder, HOSTS, clock=Time()).fingerprint == first.fingerprint
    assert sorted(path.name for path in folder.iterdir()) == ["ca.key.pem", "ca.pem"]
    assert stat.S_IMODE((folder / "ca.key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / "ca.pem").read_bytes() == first.pem
    assert b"PRIVATE" not in first.pem


def test_it_may_vouch_for_wechats_hosts_and_nothing_else(tmp_path: Path) -> None:
    open_authority(tmp_path, HOSTS, clock=Time())
    _, ca = load(tmp_path)
    constraints = ca.extensions.get_extension_for_class(x509.NameConstraints)
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, basic.critical, basic.value.path_length) == (True, True, 0)
    permitted = constraints.value.permitted_subtrees
    assert permitted is not None
    assert [name.value for name in permitted] == list(HOSTS)


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("api.weixin.qq.com", True),
        ("mp.weixin.qq.com", True),
        ("weixin.qq.com", False),
        ("bank.example", False),
        ("api.weixin.qq.com.evil.example", False),
        ("127.0.0.1", False),
        ("::1", False),
    ],
)
def test_openssl_believes_it_of_these_names_alone(tmp_path: Path, name: str, *, good: bool) -> None:
    authority = open_authority(tmp_path, HOSTS, clock=time.time)
    key, ca = load(tmp_path)
    leaf_key, leaf = make_leaf(name, key, ca, _today(), _today() + timedelta(days=3))
    if not name[0].isalpha():
        leaf = _with_address(name, leaf, leaf_key, key)
    (tmp_path / "leaf.pem").write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "trusted.pem").write_bytes(authority.pem)
    done = subprocess.run(
        [
            *("openssl", "verify", "-x509_strict", "-purpose", "sslserver"),
            *("-CAfile", "trusted.pem", "leaf.pem"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is good, done.stderr
    assert good or "subtree" in done.stderr


def _today() -> datetime:
    return datetime.now(UTC)


def _with_address(
    name: str,
    leaf: x509.Certificate,
    leaf_key: ec.EllipticCurvePrivateKey,
    ca_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(leaf.subject)
        .issuer_name(leaf.issuer)
        .public_key(leaf_key.public_key())
        .serial_number(leaf.serial_number)
        .not_valid_before(leaf.not_valid_before_utc)
        .not_valid_after(leaf.not_valid_after_utc)
    )
    for extension in leaf.extensions:
        value = extension.value
        if isinstance(value, x509.SubjectAlternativeName):
            value = x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))])
        builder = builder.add_extension(value, extension.critical)
    return builder.sign(ca_key, hashes.SHA256())


def test_a_certificate_is_renewed_before_it_ends(tmp_path: Path) -> None:
    clock = Time()
    authority = open_authority(tmp_path, HOSTS, clock=clock)
    first = authority.context("api.weixin.qq.com")
    clock.now += 19 * 86_400
    assert authority.context("api.weixin.qq.com") is first
    assert authority.context("mp.weixin.qq.com") is not first
    clock.now += 2 * 86_400
    assert authority.context("api.weixin.qq.com") is not first
    assert isinstance(first, ssl.SSLContext)


def test_no_certificate_outlives_the_ca_and_none_is_made_after_its_end(tmp_path: Path) -> None:
    clock = Time()
    authority = open_authority(tmp_path, HOSTS, clock=clock)
    clock.now = authority.ends_at.timestamp() - 5
    last = authority.context(HOSTS[0])
    clock.now += 2
    assert authority.context(HOSTS[0]) is last  # not made again and again
    clock.now += 3
    with pytest.raises(AuthorityExpired, match=f"{authority.ends_at:%Y-%m-%d}"):
        authority.context(HOSTS[0])


def test_it_tells_its_names(tmp_path: Path) -> None:
    open_authority(tmp_path, HOSTS, clock=Time())
    assert read_authority(tmp_path, clock=Time()).names == set(HOSTS)


def test_to_read_makes_none(tmp_path: Path) -> None:
    with pytest.raises(AuthorityUnusable):
        read_authority(tmp_path, clock=Time())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"]
)
def test_a_spoilt_file_is_told_and_never_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "ca.key.pem").write_text(text)
    with pytest.raises(AuthorityUnusable):
        open_authority(tmp_path, HOSTS, clock=Time())
    assert (tmp_path / "ca.key.pem").read_text() == text


def test_key_and_certificate_must_belong_together(tmp_path: Path) -> None:
    for name in ("a", "b"):
        open_authority(tmp_path / name, HOSTS, clock=Time())
    key = (tmp_path / "a" / "ca.key.pem").read_text().partition("-----BEGIN CERT")[0]
    (tmp_path / "b" / "ca.key.pem").write_text(key + (tmp_path / "b" / "ca.pem").read_text())
    with pytest.raises(AuthorityUnusable, match="belong together"):
        open_authority(tmp_path / "b", HOSTS, clock=Time())
