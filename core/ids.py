import base64
import os
import time

# Base32 whose letters sort as their values do; i, l, o and u are left out as easily misread.
_ALPHABET = bytes.maketrans(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUV", b"0123456789abcdefghjkmnpqrstvwxyz"
)
_TIME_BYTES, _RANDOM_BYTES, _CHARS = 6, 10, 26


def new_id(prefix: str) -> str:
    """A new id such as `job_06a1…`: sorts by time of making, 80 random bits, URL-safe."""
    made = (time.time_ns() // 1_000_000).to_bytes(_TIME_BYTES, "big") + os.urandom(_RANDOM_BYTES)
    return f"{prefix}_{base64.b32hexencode(made).translate(_ALPHABET)[:_CHARS].decode('ascii')}"
