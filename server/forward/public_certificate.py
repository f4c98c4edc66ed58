"""The certificate of a CA of wxgate's, as it lies on any machine."""

import re
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from core.errors import GatewayError, Text

_NAME = re.compile(r"wxgate CA [0-9a-f]{1,16}")
# What some shell reads even between quotes; or an option, where it stands first.
_UNFIT = re.compile(r'^-|["`$%“”„\x00-\x1f\x7f]')


class CertificateUnusable(GatewayError):
    """The file holds no certificate of a CA of wxgate's."""

    code = "forward_certificate_unusable"
    category = "system"
    message = Text(
        "{path} 不是 wxgate 的 CA 证书：{reason}", "{path} is no CA certificate of wxgate: {reason}"
    )
    hint = Text(
        "在网关上用 wxgate ca show --pem > wxgate-ca.pem 重新导出；网关自己的文件在重启时重建",
        "take it out of the gateway again: wxgate ca show --pem > wxgate-ca.pem; the gateway's own "
        "file is written anew when it starts",
    )


class PathUnfit(GatewayError):
    """The path cannot be told to all shells."""

    code = "forward_certificate_path_unfit"
    category = "params"
    message = Text(
        "证书路径 {path} 不能以 - 开头，也不能含有控制字符、双引号或 $ % `",
        'the path {path} begins with "-" or holds a control character, a double quote or $ % `',
    )
    hint = Text(
        "把证书拷成一个简单的文件名，例如 wxgate-ca.pem",
        "copy the certificate to a simple name, such as wxgate-ca.pem",
    )


class PublicCertificate(NamedTuple):
    """What tools have to trust."""

    name: str  # its common name
    certificate: x509.Certificate
    hosts: tuple[str, ...]  # all that it can vouch for

    @property
    def fingerprint(self) -> str:
        """Its SHA-256 as browsers and openssl show it."""
        return self.certificate.fingerprint(hashes.SHA256()).hex(":").upper()

    @property
    def pem(self) -> str:
        """The certificate alone."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


def read_public(path: Path) -> PublicCertificate:
    """The certificate in the file. Raises CertificateUnusable."""
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
        names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        bounds = found.extensions.get_extension_for_class(x509.NameConstraints).value
    except OSError as exc:
        raise CertificateUnusable(path=path, reason=exc.strerror or "unreadable") from None
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension) as exc:
        raise CertificateUnusable(path=path, reason=str(exc)[:200]) from None
    name = str(names[0].value) if names else ""
    if not _NAME.fullmatch(name):
        raise CertificateUnusable(path=path, reason=f"CN={name[:64]!r}")
    hosts = tuple(str(host.value) for host in bounds.permitted_subtrees or ())
    return PublicCertificate(name, found, hosts)


def check_path(path: str) -> str:
    """The path, which quotes make safe in every shell. Raises PathUnfit."""
    if _UNFIT.search(path):
        raise PathUnfit(path=ascii(path))
    return path
