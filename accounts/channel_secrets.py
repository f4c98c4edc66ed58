def channel_aad(name: str) -> bytes:
    """What the sealed settings of a channel are bound to: in another row they do not open."""
    return f"wxgate channel v1 {name}".encode("ascii")
