import base64

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

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


def test_a_push_that_wechat_encrypted_is_encrypted_alike() -> None:
    sealed = (
        "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQ"
        "qcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZ"
        "uMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWy"
        "gb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
    )
    assert signature(TOKEN, "1714112445", "415670741", sealed) == (
        "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
    )
    decryptor = Cipher(algorithms.AES(bytes(32)), modes.CBC(bytes(16))).decryptor()
    plain = decryptor.update(base64.b64decode(sealed)) + decryptor.finalize()
    message = plain[20 : 20 + int.from_bytes(plain[16:20], "big")].decode()
    again = encrypt(message, encoding_aes_key=KEY, app_id=APP_ID, random16=plain[:16])
    assert "debug_demo" in message
    assert again == sealed
