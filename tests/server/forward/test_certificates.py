import contextlib
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from server.forward.certificates import make_ca, make_leaf, server_context

NOW = datetime.now(UTC).replace(microsecond=0)
HOST = "api.weixin.qq.com"


def one_context() -> ssl.SSLContext:
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca = make_ca(ca_key, [HOST], NOW)
    key, leaf = make_leaf(HOST, ca_key, ca, NOW, NOW + timedelta(days=30))
    return server_context(HOST, key, leaf)


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


def shake_hands(context: ssl.SSLContext, asked: str) -> ssl.SSLObject:
    """The client's end after it asked `context` for a name, and believed whatever it was told."""
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = careless.wrap_bio(to_client, to_server, server_hostname=asked)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for end in (client, server, client):
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()
    return client


@pytest.mark.parametrize("asked", [HOST, "API.weixin.qq.com"])
def test_a_tool_that_asks_for_the_host_is_answered(asked: str) -> None:
    assert shake_hands(one_context(), asked).version() == "TLSv1.3"


@pytest.mark.parametrize("asked", ["mp.weixin.qq.com", "example.com", "api.weixin.qq.com.evil"])
def test_a_tool_that_asks_for_another_name_is_refused(asked: str) -> None:
    context = one_context()
    with pytest.raises(ssl.SSLError, match="CALLBACK_FAILED"):  # the server's own words
        shake_hands(context, asked)


def test_old_versions_of_tls_are_not_spoken() -> None:
    assert one_context().minimum_version is ssl.TLSVersion.TLSv1_2
