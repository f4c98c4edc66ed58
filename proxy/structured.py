"""The part of Structured Fields (RFC 8941) that RFC 9421 signatures are written in, strictly."""

import re
from dataclasses import dataclass

MAX_FIELD_BYTES = 8_192
MAX_COMPONENTS = 32

# Each byte can be matched in one way only, so no input makes these run long.
_LABEL = rb"[a-z*][a-z0-9_.*-]{0,63}"
_TEXT = rb'"(?:[ !#-\[\]-~]|\\["\\])*"'
_COMPONENT = _TEXT + rb"(?:;[^ ()]*)?"
_NAME = rb"[a-z*][a-z0-9_.*-]{0,31}"
_VALUE = _TEXT + rb'|[^",;()\x00-\x1f\x7f]*'
_INPUT = re.compile(
    rb"(?P<label>%b)=\( *(?P<components>(?:%b(?: +%b)*)?) *\)(?P<parameters>(?:; *%b=(?:%b))*)"
    % (_LABEL, _COMPONENT, _COMPONENT, _NAME, _VALUE)
)
_COMPONENTS = re.compile(_COMPONENT)
_PARAMETERS = re.compile(rb"; *(%b)=(%b)" % (_NAME, _VALUE))
_SIGNATURE = re.compile(rb"(%b)=:([A-Za-z0-9+/]{43}=):" % _LABEL)
_DIGEST = re.compile(rb"sha-256=:([A-Za-z0-9+/]{43}=):")
_NEXT_MEMBER = re.compile(rb"[ \t]*,")


class Unreadable(Exception):
    """The field cannot be read; its text says why, in one of few fixed words."""


class SeveralMembers(Unreadable):
    """The field holds more than one signature."""


@dataclass(frozen=True, slots=True)
class SignatureInput:
    """One member of Signature-Input: what is signed, and the parameters of the signature.

    Components and parameters are as they stand on the wire, quotes and all, in their order.
    """

    label: bytes
    components: tuple[bytes, ...]
    parameters: dict[bytes, bytes]

    def serialised(self) -> bytes:
        """The value of `@signature-params` (RFC 9421 §2.3), however the field was spaced."""
        return b"(%b)%b" % (
            b" ".join(self.components),
            b"".join(b";%b=%b" % pair for pair in self.parameters.items()),
        )

    def text(self, name: bytes) -> str | None:
        """A parameter that is a String, without its quotes; None for anything else."""
        value = self.parameters.get(name, b"")
        if len(value) < len('""') or value[:1] != b'"':
            return None
        return re.sub(rb"\\(.)", rb"\1", value[1:-1]).decode("ascii")


def read_signature_input(field: bytes) -> SignatureInput:
    """The one member of `field`. Raises Unreadable."""
    found = _member(_INPUT, field)
    components = tuple(_COMPONENTS.findall(found["components"]))
    if len(components) > MAX_COMPONENTS:
        raise Unreadable("too many components")
    if len(set(components)) < len(components):
        raise Unreadable("a component twice")
    pairs = _PARAMETERS.findall(found["parameters"])
    parameters = dict(pairs)
    if len(parameters) < len(pairs):
        raise Unreadable("a parameter twice")
    return SignatureInput(found["label"], components, parameters)


def read_signature(field: bytes, label: bytes) -> bytes:
    """The Base64 of the one signature of `field`, which `label` must name. Raises Unreadable."""
    found = _member(_SIGNATURE, field)
    if found[1] != label:
        raise Unreadable("another label than in Signature-Input")
    return found[2]


def read_digest(field: bytes) -> bytes:
    """The Base64 of the SHA-256 that Content-Digest gives, and nothing else. Raises Unreadable."""
    found = _DIGEST.fullmatch(field)
    if found is None:
        raise Unreadable("not exactly one sha-256")
    return found[1]


def _member(pattern: re.Pattern[bytes], field: bytes) -> re.Match[bytes]:
    if len(field) > MAX_FIELD_BYTES:
        raise Unreadable("too long")
    found = pattern.match(field)
    if found is None:
        raise Unreadable("not as RFC 9421 writes it")
    if found.end() != len(field):
        more = _NEXT_MEMBER.match(field, found.end())
        raise SeveralMembers("several signatures") if more else Unreadable("trailing bytes")
    return found
