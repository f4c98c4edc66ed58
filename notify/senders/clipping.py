import json

_MORE = "…"


def clipped_chars(text: str, most: int) -> str:
    """`text`, or as much of its beginning as fits with a mark that there was more."""
    return text if len(text) <= most else text[: most - len(_MORE)] + _MORE


def clipped_bytes(text: str, most: int) -> str:
    """The same, counted in bytes of UTF-8; no character is cut in two."""
    data = text.encode()
    if len(data) <= most:
        return text
    return data[: most - len(_MORE.encode())].decode("utf-8", "ignore") + _MORE


def clipped_json(text: str, most: int) -> str:
    """The same, counted in bytes as JSON has them: quotes and line ends take two."""
    kept = text
    while (size := _json_bytes(kept)) > most:
        # As much as would fit if all of it were alike; again where its beginning takes more.
        kept = text[: max(0, len(kept) * most // size - 1)] + _MORE
    return kept


def _json_bytes(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode()) - len('""')
