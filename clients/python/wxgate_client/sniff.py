HEAD_BYTES = 4_096  # enough to tell what a file is
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM")
_HEIF_BRANDS = (
    b"avif",
    b"avis",
    b"heic",
    b"heix",
    b"heim",
    b"heis",
    b"hevc",
    b"hevx",
    b"mif1",
    b"msf1",
)


def holds_picture(head: bytes) -> bool:
    """Whether a file that begins so may be a picture: one named so may be a link to anything.

    It keeps this machine's other files at home; which pictures can be used the gateway decides.
    """
    if head.startswith(_STARTS):
        return True
    if head[:4] == b"RIFF":
        return head[8:12] == b"WEBP"
    if head[4:8] == b"ftyp":
        return any(brand in head[8:64] for brand in _HEIF_BRANDS)
    return b"<svg" in head[:HEAD_BYTES] and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
