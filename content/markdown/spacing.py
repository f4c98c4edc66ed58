from content.markdown.letters import is_han, is_latin

_OF_DATES = frozenset("年月日号时点分秒")  # 2026年11月22日 stays in one piece
_AFTER_LATIN = "%‰°℃+#"  # belong to what is before them: 50%, C++, C#


def space(text: str, cells: list[str], kept: list[bool], depths: list[int]) -> None:
    """Put a space between Chinese and Latin letters or digits that touch.

    Where markup begins or ends between them, outside of it.
    """
    for at in range(1, len(text)):
        if _apart(text, at) and not (kept[at - 1] and kept[at]):
            if depths[at] < depths[at - 1]:
                cells[at] = " " + cells[at]
            else:
                cells[at - 1] += " "


def _apart(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    if is_han(after):
        if before in _AFTER_LATIN:
            return is_latin(text[max(0, at - 3) : at].rstrip(_AFTER_LATIN)[-1:])
        return is_latin(before) and not (before.isdigit() and after in _OF_DATES)
    if not (is_han(before) and is_latin(after)):
        return False
    in_date = after.isdigit() and before in _OF_DATES and at > 1 and text[at - 2].isdigit()
    return not in_date
