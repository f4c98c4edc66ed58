import base64

from sandbox.callback_crypto import encrypt, signature

# WeChat's own vectors (doc guide/dev/push/encryption).
TOKEN, KEY, APP_ID = "AAAAA", "A" * 43, "wxba5fad812f8e6fb9"


def test_the_signature_of_the_address_check() -> None:
    assert (
        signature(TOKEN, "1714036504", "1514711492") == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    )


def test_the_signature_of_a_plain_push() -> None:
    assert signature(TOKEN, "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"


def test_a_message_is_encrypted_and_signed_as_in_the_vector() -> None:
    sealed = encrypt(
        '{"demo_resp":"good luck"}',
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
        sealed = encrypt("x" * length, encoding_aes_key=KEY, app_id="wx", random16=bytes(16))
        assert len(base64.b64decode(sealed)) % 32 == 0
