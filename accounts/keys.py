import hashlib
import re
import secrets

CLIENT_ID = re.compile(r"[a-z0-9-]{1,32}")
# `wxg_<id>_<random>`: split at the second underscore (an id has none); ≥128 random bits.
KEY_PATTERN = re.compile(r"wxg_([a-z0-9-]{1,32})_([A-Za-z0-9_-]{22,})")
_CLAIM = re.compile(r"wxg_([a-z0-9-]{1,32})_")
_RANDOM_BYTES = 24
_EPOCH_CHARS = 8
_HINT_CHARS = 4


def new_key(client_id: str) -> str:
    """A client key that nobody had before: 192 random bits."""
    return f"wxg_{client_id}_{secrets.token_urlsafe(_RANDOM_BYTES)}"


def digest_of(key: str) -> str:
    """SHA-256 in hex: what keys are found and stored by. They are random, so no salt is needed."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def epoch_of(digest: str) -> str:
    """What tokens and sessions carry of the key they were made with: they die when it goes."""
    return digest[:_EPOCH_CHARS]


def hint_of(key: str) -> str:
    """The end of a key, by which people tell two of them apart."""
    return key[-_HINT_CHARS:]


def claimed_by(key: str) -> str:
    """The id of the client that `key` claims to belong to; empty for what is no client key."""
    found = _CLAIM.match(key)
    return found[1] if found else ""


def shows_key(text: str) -> bool:
    """Whether something that looks like a client key stands anywhere in `text`."""
    return "wxg_" in text and KEY_PATTERN.search(text) is not None
