import re

# Addresses, tags and formulas that somebody typed. Each part is bounded, so that a long text takes
# linear time.
_PROTECTED = re.compile(
    r"[A-Za-z][A-Za-z0-9+.\-]{0,20}://[!-~]*[A-Za-z0-9/#=&_\-]"
    r"|(?<![A-Za-z0-9])www\.[!-~]*[A-Za-z0-9/#=&_\-]"
    r"|[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9][A-Za-z0-9.\-]{0,200}[A-Za-z0-9]"
    r"|</?[A-Za-z][^<>\n]{0,200}>"
    r"|\$(?![\s$])[^$\n]{1,200}(?<!\s)\$(?!\d)"
)


def protected(text: str) -> list[bool]:
    """For each character, whether it belongs to something that is no prose."""
    marks = [False] * len(text)
    for found in _PROTECTED.finditer(text):
        start, end = found.span()
        marks[start:end] = [True] * (end - start)
    return marks
