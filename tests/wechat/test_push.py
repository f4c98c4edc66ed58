import base64
import json

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from wechat.push import PushForged, check_signature, seal, signature, unseal

# WeChat's own vectors (doc guide/dev/push/encryption).
TOKEN, KEY, APP_ID = "AAAAA", "A" * 43, "wxba5fad812f8e6fb9"


def test_the_signature_of_the_address_check() -> None:
    assert (
        signature(TOKEN, "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    )


def test_the_signature_of_a_plain_push() -> None:
    assert signature(TOKEN, "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"


def test_a_message_is_encrypted_and_signed_as_in_the_vector() -> None:
    sealed = seal(
        b'{"demo_resp":"good luck"}',
        encoding_aes_key=KEY,
        app_id=APP_ID,
        random16=b"707722b803182950",
    )
    assert sealed == (
        "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
    )
    assert signature(TOKEN, "1713424427", "415670741", sealed) == (
        "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
    )


def test_padding_fills_blocks_of_32() -> None:
    for length in range(40):
        sealed = seal(b"x" * length, encoding_aes_key=KEY, app_id="wx", random16=bytes(16))
        assert len(base64.b64decode(sealed)) % 32 == 0


# A push as WeChat encrypted it.
PUSH = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQ"
    "qcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZ"
    "uMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWy"
    "gb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)


def test_a_push_of_wechats_is_verified_and_opened() -> None:
    said = "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
    check_signature(said, [TOKEN], "1714112445", "415670741", PUSH)
    message = unseal(PUSH, encoding_aes_keys=[KEY], app_id=APP_ID)
    assert len(message) == 167
    told = json.loads(message)
    assert (told["ToUserName"], told["Event"]) == ("gh_97417a04a28d", "debug_demo")


def test_what_is_sealed_again_is_the_same() -> None:
    message = unseal(PUSH, encoding_aes_keys=[KEY], app_id=APP_ID)
    random16 = b"a8eedb185eb2fecf"
    assert seal(message, encoding_aes_key=KEY, app_id=APP_ID, random16=random16) == PUSH


def test_any_other_signature_is_refused() -> None:
    right = signature(TOKEN, "1", "2")
    for said in ("", right[:-1], right.upper(), "0" * 40, right + "0", "签", "\ud800"):
        with pytest.raises(PushForged):
            check_signature(said, [TOKEN], "1", "2")
    with pytest.raises(PushForged):
        check_signature(right, [TOKEN], "1", "3")


def test_an_empty_token_signs_nothing() -> None:
    with pytest.raises(PushForged):
        check_signature(signature("", "1", "2"), ["", ""], "1", "2")


def test_while_a_token_is_changed_both_sign() -> None:
    for token in ("new", "old"):
        check_signature(signature(token, "1", "2"), ["new", "old"], "1", "2")


def test_while_a_key_is_changed_both_open() -> None:
    old, new = "B" * 43, "C" * 43
    for key in (old, new):
        sealed = seal(b"text", encoding_aes_key=key, app_id=APP_ID, random16=bytes(16))
        assert unseal(sealed, encoding_aes_keys=[new, old, ""], app_id=APP_ID) == b"text"
        with pytest.raises(PushForged):
            unseal(sealed, encoding_aes_keys=["D" * 43], app_id=APP_ID)


def test_what_was_sealed_for_another_account_does_not_open() -> None:
    for other in ("wx0000000000000000", "", APP_ID + "x", "x" + APP_ID):
        sealed = seal(b"text", encoding_aes_key=KEY, app_id=other, random16=bytes(16))
        with pytest.raises(PushForged):
            unseal(sealed, encoding_aes_keys=[KEY], app_id=APP_ID)


def _encrypted(padded: bytes) -> str:
    encryptor = Cipher(algorithms.AES(bytes(32)), modes.CBC(bytes(16))).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def test_every_byte_of_the_padding_counts() -> None:
    text = b"t" * (64 - 20 - len(APP_ID) - 5)  # which leaves 5 bytes to pad
    plain = bytes(16) + len(text).to_bytes(4, "big") + text + APP_ID.encode()
    right = plain + b"\x05" * 5
    assert unseal(_encrypted(right), encoding_aes_keys=[KEY], app_id=APP_ID) == text
    for padding in (
        b"\x00" * 5,
        b"\x01\x05\x05\x05\x05",
        b"\x05" * 4 + b"\x21",
        b"\x05" * 4 + b"\x06",
    ):
        with pytest.raises(PushForged):
            unseal(_encrypted(plain + padding), encoding_aes_keys=[KEY], app_id=APP_ID)


@given(st.binary(max_size=200).map(lambda data: base64.b64encode(data).decode()) | st.text())
def test_whatever_is_said_to_be_encrypted_is_opened_or_refused(sealed: str) -> None:
    with pytest.raises(PushForged):
        unseal(sealed, encoding_aes_keys=[KEY], app_id=APP_ID)


@given(st.binary(max_size=300), st.binary(min_size=16, max_size=16))
def test_every_message_comes_back(message: bytes, random16: bytes) -> None:
    sealed = seal(message, encoding_aes_key=KEY, app_id=APP_ID, random16=random16)
    assert unseal(sealed, encoding_aes_keys=[KEY], app_id=APP_ID) == message
