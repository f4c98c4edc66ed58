"""Search everything that a run of the tests wrote for secrets that were used in it.

Usage: python scripts/canaries.py BASETEMP, after `pytest --basetemp=BASETEMP`. Searched are what
the tests' processes said (tests/conftest.py keeps that in written-*.txt), databases, Redis dumps,
reports, working files: each for the secrets as they are, URL-encoded, in base64 and in hex.
The status is 1 if one is found, 2 if there is nothing to search.
"""

import base64
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

# Where a secret belongs: configurations, the files that they name, and WeChat's side of it all.
INPUTS = ("*.toml", "*.key", "*.env", "*.secret", "*_secret", "key", "secret*", "sandbox.db*")
# A part of every secret that the tests make up, or that the sandbox hands out.
MARKS = {
    "client key": "0123456789abcdefghijklmn",
    "canary": "CANARY",
    "AppSecret": "sandbox-secret-",
    "access_token": "SandboxToken",
}
_SHAPES = {
    "virtual token": re.compile(rb"wxgv_[A-Za-z0-9_-]{24}"),
    "refresh token": re.compile(rb"wxgr_[A-Za-z0-9_-]{24}"),
    "JWT": re.compile(rb"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
}
_MASTER_KEY = re.compile(rb"[0-9a-f]{64}")
_TEST = re.compile(rb"^== (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Leak:
    """A secret where none belongs; without the secret."""

    path: Path
    kind: str
    at: int
    test: str  # the test that wrote it, where that is known

    def __str__(self) -> str:
        return f"{self.path}: {self.kind} at byte {self.at}{self.test and f', {self.test}'}"


def main(arguments: list[str]) -> int:
    """Print each leak."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    files = [path for path in sorted(Path(arguments[0]).rglob("*")) if path.is_file()]
    if not any(path.name.startswith("written-") for path in files):
        print(f"nothing was written in {arguments[0]}: give pytest --basetemp")
        return 2
    leaks = list(find_leaks(files))
    for leak in leaks:
        print(leak)
    print(f"canaries: {len(leaks)} leaks in {len(files)} files")
    return 1 if leaks else 0


def find_leaks(files: list[Path]) -> Iterator[Leak]:
    """The first leak of each kind in each file."""
    forms = [(kind, form) for kind, mark in MARKS.items() for form in forms_of(mark)]
    master_keys = {
        path.read_bytes().strip() for path in files if path.name == "master.key"
    }  # each made while the tests ran
    for path in files:
        if any(path.match(pattern) for pattern in INPUTS):
            continue
        data = path.read_bytes()
        found = {kind: at for kind, form in forms if (at := data.find(form)) >= 0}
        found |= {kind: m.start() for kind, shape in _SHAPES.items() if (m := shape.search(data))}
        keys = [m.start() for m in _MASTER_KEY.finditer(data) if m[0] in master_keys]
        if keys:
            found["master key"] = keys[0]
        for kind, at in found.items():
            yield Leak(path, kind, at, _writer(data, at))


def forms_of(secret: str) -> set[bytes]:
    """`secret` as it may stand in a file: as it is, URL-encoded, in hex, inside of base64."""
    raw = secret.encode()
    hexadecimal = raw.hex().encode()
    forms = {raw, quote(secret, safe="").encode(), hexadecimal, hexadecimal.upper()}
    for offset in range(3):
        # What the bytes before and after it share with its first and last digits is left out.
        encoded = base64.b64encode(b"\0" * offset + raw)
        inner = encoded[(0, 2, 3)[offset] :].rstrip(b"=")
        inner = inner[:-1] if (offset + len(raw)) % 3 else inner
        forms |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return forms


def _writer(data: bytes, at: int) -> str:
    named = [match[1] for match in _TEST.finditer(data, 0, at)]
    return named[-1].decode("utf-8", "replace") if named else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
