import pytest

from proxy.structured import (
    SeveralMembers,
    Unreadable,
    read_digest,
    read_signature,
    read_signature_input,
)

GIVEN = b'sig1=("@method" "@path" "@query");created=1795300000;nonce="n";keyid="blog"'
MAC = b"A" * 43 + b"="


def test_a_member_is_read_into_components_and_parameters() -> None:
    given = read_signature_input(GIVEN)
    assert given.label == b"sig1"
    assert given.components == (b'"@method"', b'"@path"', b'"@query"')
    assert given.parameters == {b"created": b"1795300000", b"nonce": b'"n"', b"keyid": b'"blog"'}
    assert given.text(b"keyid") == "blog"
    assert given.text(b"created") is None
    assert given.text(b"tag") is None


@pytest.mark.parametrize(
    "spaced",
    [
        GIVEN.replace(b'" "', b'"   "'),
        GIVEN.replace(b"(", b"( ").replace(b")", b" )"),
        GIVEN.replace(b";", b";  "),
        GIVEN.replace(b"sig1", b"*other_label-1.2"),
    ],
)
def test_spaces_and_labels_are_no_part_of_what_is_signed(spaced: bytes) -> None:
    assert read_signature_input(spaced).serialised() == GIVEN.removeprefix(b"sig1=")


def test_quotes_and_backslashes_in_texts_are_escaped() -> None:
    given = read_signature_input(rb'a=();keyid="a\"b\\c";nonce="x);y,("')
    assert given.text(b"keyid") == 'a"b\\c'
    assert given.text(b"nonce") == "x);y,("
    assert given.serialised() == rb'();keyid="a\"b\\c";nonce="x);y,("'


@pytest.mark.parametrize(
    "field",
    [
        b"",
        b"sig1",
        b"sig1=",
        b"sig1=()x",
        b"sig1=() ;created=1",
        b'sig1=("@method""@path")',
        b'sig1=("@method"\t"@path")',
        b'sig1=("@method"',
        b'sig1="@method")',
        b"sig1=(@method)",
        b"Sig1=()",
        b"1sig=()",
        b'sig1=("@method" "@method")',
        b"sig1=();created=1;created=2",
        b"sig1=();Created=1",
        b"sig1=();created",
        b'sig1=();nonce="\xc3\xa9"',
        b'sig1=();nonce="a\x00b"',
        b'sig1=();nonce="a\nb"',
        b'sig1=();nonce="a\\nb"',
        b'sig1=();nonce="open',
        b"sig1=();a=1\n",
        b"sig1=();" + b"a=1;" * 4_000,
        b"sig1=(" + b" ".join(b'"h%d"' % n for n in range(33)) + b")",
        b"a" * 65 + b"=()",
    ],
)
def test_what_two_parsers_could_read_differently_is_not_read(field: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        read_signature_input(field)
    assert not isinstance(caught.value, SeveralMembers)


@pytest.mark.parametrize("between", [b",", b", ", b" , ", b"\t,"])
def test_several_members_are_told_apart_from_nonsense(between: bytes) -> None:
    with pytest.raises(SeveralMembers):
        read_signature_input(GIVEN + between + GIVEN.replace(b"sig1", b"sig2"))
    with pytest.raises(SeveralMembers):
        read_signature(b"sig1=:" + MAC + b":" + between + b"sig2=:" + MAC + b":", b"sig1")


@pytest.mark.parametrize(
    "field", [b'("' * 2_000, b"a=(" + b'"x" ' * 1_000, b'a=();b="' + b"\\" * 4_000]
)
def test_hostile_fields_take_no_time(field: bytes) -> None:
    with pytest.raises(Unreadable):
        read_signature_input(field)


def test_a_signature_is_base64_of_32_bytes_under_the_same_label() -> None:
    assert read_signature(b"sig1=:" + MAC + b":", b"sig1") == MAC
    with pytest.raises(Unreadable):
        read_signature(b"sig1=:" + MAC + b":", b"sig2")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"::",
        b":" + b"A" * 42 + b"==:",  # too short
        b":" + b"A" * 47 + b"=:",  # too long
        b":" + b"a0" * 32 + b":",  # hex
        b":" + b"-" * 43 + b"=:",  # base64url
        b":" + b"\xc3\xa9" * 21 + b"A=:",
        b'"' + MAC + b'"',
        MAC,
        b": " + MAC + b":",
        b":" + MAC + b":;a=1",
        b":" + MAC + b":\n",
    ],
)
def test_anything_else_is_no_signature_and_no_digest(value: bytes) -> None:
    with pytest.raises(Unreadable):
        read_signature(b"sig1=" + value, b"sig1")
    with pytest.raises(Unreadable):
        read_digest(b"sha-256=" + value)


def test_a_digest_is_exactly_one_sha_256() -> None:
    assert read_digest(b"sha-256=:" + MAC + b":") == MAC
    for other in (b"sha-512=:" + MAC + b":", b"sha-256=:%b:, sha-256=:%b:" % (MAC, MAC)):
        with pytest.raises(Unreadable):
            read_digest(other)
