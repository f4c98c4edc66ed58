import asyncio
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from server.forward.certificates import make_ca, make_leaf, server_context

NOW = datetime.now(UTC).replace(microsecond=0)
HOST = "api.weixin.qq.com"


def test_what_strict_verifiers_want_is_there() -> None:
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = make_ca(ca_key, [HOST], NOW)
    _, leaf = make_leaf(HOST, ca_key, ca, NOW, NOW + timedelta(days=30))
    leaf.verify_directly_issued_by(ca)
    of_ca = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    of_leaf = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert of_leaf.key_identifier == of_ca.digest
    assert leaf.not_valid_before_utc < NOW
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [HOST]
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_two_authorities_have_two_names() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    assert make_ca(key, [HOST], NOW).subject != make_ca(key, [HOST], NOW).subject


@pytest.mark.parametrize(
    ("asked", "good"), [(HOST, True), ("API.weixin.qq.com", True), ("mp.weixin.qq.com", False)]
)
async def test_a_tool_that_asks_for_another_name_is_refused(asked: str, *, good: bool) -> None:
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = make_ca(ca_key, [HOST], NOW)
    key, leaf = make_leaf(HOST, ca_key, ca, NOW, NOW + timedelta(days=30))
    context = server_context(HOST, key, leaf)
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        opening = asyncio.open_connection(
            "127.0.0.1", port, ssl=careless, server_hostname=asked, ssl_handshake_timeout=20
        )
        if good:
            _, writer = await opening
            writer.close()
        else:
            with pytest.raises(OSError):
                await opening


def test_old_versions_of_tls_are_not_spoken() -> None:
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = make_ca(ca_key, [HOST], NOW)
    key, leaf = make_leaf(HOST, ca_key, ca, NOW, NOW + timedelta(days=30))
    assert server_context(HOST, key, leaf).minimum_version is ssl.TLSVersion.TLSv1_2
