"""wxgate's own certificate authority, which can vouch for WeChat's API hosts and nobody else."""

import os
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.clock import Clock
from core.errors import GatewayError, Text
from server.forward.certificates import make_ca, make_leaf, server_context

PUBLIC_FILE = "ca.pem"  # what tools have to trust
KEY_FILE = "ca.key.pem"
_LEAF_LIFE = timedelta(days=30)
_RENEWED_BEFORE = timedelta(days=10)


class AuthorityUnusable(GatewayError):
    """The key or certificate in data_dir/ca cannot be used."""

    code = "forward_ca_unusable"
    category = "system"
    level = "critical"
    message = Text("CA {path} 不可用：{reason}", "the CA {path} is unusable: {reason}")
    hint = Text(
        "从备份恢复该文件；或删除它，重启后会新建一个，各工具需重新信任",
        "restore the file from a backup; or remove it: the next start makes another, which all "
        "tools have to be told to trust",
    )


class AuthorityExpired(GatewayError):
    """Nobody believes it any more."""

    status = 503
    code = "forward_ca_expired"
    category = "system"
    level = "critical"
    message = Text("CA 已于 {day} 过期", "the CA ended on {day}")
    hint = Text(
        "删除 data_dir/ca/ca.key.pem 后重启会新建一个，各工具需重新信任",
        "remove data_dir/ca/ca.key.pem and restart: another is made, which all tools have to be "
        "told to trust",
    )


class _Leaf(NamedTuple):
    context: ssl.SSLContext
    ends_at: datetime


class Authority:
    """Signs a certificate for each of WeChat's hosts, in memory, and renews it in time."""

    def __init__(
        self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, *, clock: Clock
    ) -> None:
        self._key = key
        self._certificate = certificate
        self._clock = clock
        self._leaves: dict[str, _Leaf] = {}

    @property
    def pem(self) -> bytes:
        """The certificate that tools have to trust."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def fingerprint(self) -> str:
        """Its SHA-256 as browsers and openssl show it."""
        return self._certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def ends_at(self) -> datetime:
        """When tools stop to trust it."""
        return self._certificate.not_valid_after_utc

    @property
    def names(self) -> frozenset[str]:
        """The hosts that it can vouch for."""
        found = self._certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        return frozenset(str(name.value) for name in found.permitted_subtrees or ())

    def context(self, host: str) -> ssl.SSLContext:
        """What answers TLS as `host`, to tools that ask for no other name. Raises AuthorityExpired.

        Computes for a millisecond every twenty days.
        """
        now = datetime.fromtimestamp(self._clock(), UTC)
        if now >= self.ends_at:
            raise AuthorityExpired(day=f"{self.ends_at:%Y-%m-%d}")
        leaf = self._leaves.get(host)
        if leaf is None or leaf.ends_at < min(now + _RENEWED_BEFORE, self.ends_at):
            leaf = self._leaves[host] = self._make_leaf(host, now)
        return leaf.context

    def _make_leaf(self, host: str, now: datetime) -> _Leaf:
        ends_at = min(now + _LEAF_LIFE, self.ends_at)
        key, certificate = make_leaf(host, self._key, self._certificate, now, ends_at)
        return _Leaf(server_context(host, key, certificate), ends_at)


def open_authority(folder: Path, hosts: Iterable[str], *, clock: Clock) -> Authority:
    """The CA that is kept in `folder`, for `hosts`; made there once. Raises AuthorityUnusable."""
    path = folder / KEY_FILE
    try:
        _create_once(path, hosts, datetime.fromtimestamp(clock(), UTC))
        authority = read_authority(folder, clock=clock)
        _publish(folder / PUBLIC_FILE, authority.pem)
    except OSError as exc:
        raise AuthorityUnusable(path=path, reason=exc.strerror or "unreadable") from None
    return authority


def read_authority(folder: Path, *, clock: Clock) -> Authority:
    """The CA that is kept in `folder`. Raises AuthorityUnusable."""
    path = folder / KEY_FILE
    try:
        text = path.read_bytes()
        key = serialization.load_pem_private_key(text, None)
        return _joined(key, x509.load_pem_x509_certificate(text), clock)
    except OSError as exc:
        raise AuthorityUnusable(path=path, reason=exc.strerror or "unreadable") from None
    except (ValueError, TypeError) as exc:
        raise AuthorityUnusable(path=path, reason=str(exc)[:200]) from None


def _joined(key: object, certificate: x509.Certificate, clock: Clock) -> Authority:
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("not an EC key")
    if certificate.public_key() != key.public_key():
        raise ValueError("key and certificate do not belong together")
    return Authority(key, certificate, clock=clock)


def _create_once(path: Path, hosts: Iterable[str], now: datetime) -> None:
    """Key and certificate in one file, so that they are there both or not at all."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    made = make_ca(key, hosts, now)
    draft = path.with_name(f".ca.{os.urandom(8).hex()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text + made.public_bytes(serialization.Encoding.PEM))
        os.link(draft, path)  # fails if another process was first; a rename would overwrite
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _publish(path: Path, pem: bytes) -> None:
    """Beside the key stands what may be handed to everybody."""
    if not path.exists() or path.read_bytes() != pem:
        draft = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
        draft.write_bytes(pem)
        draft.replace(path)  # whole: another process may read it now
