def webhook_aad(webhook_id: str) -> bytes:
    """What the sealed secret of a webhook is bound to: in another row it does not open."""
    return f"wxgate webhook secret v1 {webhook_id}".encode("ascii")
