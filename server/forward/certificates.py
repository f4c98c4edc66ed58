"""X.509 as the forward proxy needs it: a CA that is bound to names, and certificates of hosts."""

import secrets
import ssl
import tempfile
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_network

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CA_LIFE = timedelta(days=3_650)
_BACKDATED = timedelta(days=1)  # for tools whose clock is slow
_FOR_SERVERS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
_NOTHING_ELSE = [
    x509.IPAddress(ip_network("0.0.0.0/0")),
    x509.IPAddress(ip_network("::/0")),
]


def make_ca(
    key: ec.EllipticCurvePrivateKey, hosts: Iterable[str], now: datetime
) -> x509.Certificate:
    """The certificate of a CA for `hosts`, signed by its own `key`."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "wxgate"),
            # Of several gateways each has a name of its own.
            x509.NameAttribute(NameOID.COMMON_NAME, f"wxgate CA {secrets.token_hex(4)}"),
        ]
    )
    # Names of another kind would be free: all IP addresses are shut out by themselves.
    constraints = x509.NameConstraints([x509.DNSName(host) for host in hosts], _NOTHING_ELSE)
    return (
        _builder(name, name, key, now, now + _CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True), critical=True)
        .add_extension(constraints, critical=True)
        .add_extension(_FOR_SERVERS, critical=False)
        .sign(key, hashes.SHA256())
    )


def make_leaf(
    host: str,
    ca_key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate,
    now: datetime,
    ends_at: datetime,
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """A key for `host`, and what the CA says of it until `ends_at`."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = (
        _builder(name, ca.subject, key, now, ends_at)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(_FOR_SERVERS, critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return key, made


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    ends_at: datetime,
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(ends_at)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def server_context(
    host: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
) -> ssl.SSLContext:
    """What answers TLS as `host`, and refuses tools that ask for another name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    _load(context, key, certificate)

    def same_name(_tls: object, name: str | None, _context: object) -> int | None:
        if name is not None and name.lower() != host:
            return int(ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)
        return None

    context.sni_callback = same_name
    return context


def _load(
    context: ssl.SSLContext, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
) -> None:
    """Python takes them from a file alone: there they stand encrypted, for this moment."""
    password = secrets.token_hex(16)
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password.encode()),
    )
    with tempfile.NamedTemporaryFile() as file:
        file.write(text + certificate.public_bytes(serialization.Encoding.PEM))
        file.flush()
        context.load_cert_chain(file.name, password=password)
