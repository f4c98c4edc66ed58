_DECADE = 4  # characters of '90s


def curl(text: str, cells: list[str], kept: list[bool]) -> None:
    """Write “ ” ‘ ’ for straight quotes that make a pair, and ’ for apostrophes.

    A quote with nothing to close it, or that follows a digit (5'6"), stays. Chinese has no spaces
    to tell what opens from what closes, so the first opens and the next closes.
    """
    opened: dict[str, list[int]] = {'"': [], "'": []}
    for at, char in enumerate(text):
        if char not in opened or kept[at]:
            continue
        before, after = text[at - 1] if at else " ", text[at + 1 : at + 2] or " "
        waiting = opened[char]
        if char == "'" and _is_letter(before) and _is_letter(after):
            cells[at] = "’"
        elif waiting and not before.isspace():
            cells[waiting.pop()], cells[at] = ("“", "”") if char == '"' else ("‘", "’")
        elif char == "'" and (_is_letter(before) or _is_decade(text, at)):
            cells[at] = "’"
        elif not after.isspace() and not before.isdigit():
            waiting.append(at)


def _is_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()


def _is_decade(text: str, at: int) -> bool:
    after = text[at + 1 : at + _DECADE]
    return len(after) == _DECADE - 1 and after[:2].isdigit() and after[2] == "s"
