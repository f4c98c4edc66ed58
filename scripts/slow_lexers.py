"""Measure which of Pygments' lexers are slow on hostile text: 8 KB of one piece, again and again.

    python scripts/slow_lexers.py [CHARS] [LEXER …]

Prints each lexer that was given up, with the pieces, and whether a timer could end it at all
(content/markdown/lexing.py relies on that). All 600 take twenty minutes.
With Pygments 2.21, 8 000 characters and 0.2 s, 2026-11: 108 of 600 were given up for at least one
piece (`make` for most), and none ran on after its time.
"""

import sys
from time import process_time

from pygments.lexers import LEXERS, get_lexer_by_name

from content.markdown.budget import Budget, TimeUp

_SECONDS = 0.2
_PIECES = (
    *"a0 \n\t\\\"'([{</*#-=.$@%&_:|`;!?~^,+中",
    *("a ", "a(", '("', "<a ", "\\\\", "/*", "--", "<<", "${", "#{", '"""', "%(", "0x", "a.b"),
    *("[[", "{{", "{%", "a\n", "# \n"),
)


def measure(alias: str, chars: int) -> tuple[list[str], list[str]]:
    """The pieces for which the lexer was given up, and those where it ran on nevertheless."""
    lexer = get_lexer_by_name(alias, stripnl=False)
    given_up, ran_on = [], []
    for piece in _PIECES:
        began = process_time()
        try:
            with Budget(_SECONDS, process_time, chars=0).at_most(_SECONDS):
                list(lexer.get_tokens((piece * chars)[:chars]))
        except TimeUp:
            given_up.append(piece)
        if process_time() - began > 1.5 * _SECONDS:
            ran_on.append(piece)
    return given_up, ran_on


def main() -> None:
    """Measure the lexers named, or all."""
    chars = int(sys.argv[1]) if len(sys.argv) > 1 else 8_000
    names = sys.argv[2:] or sorted(entry[2][0] for entry in LEXERS.values() if entry[2])
    slow = 0
    for alias in names:
        given_up, ran_on = measure(alias, chars)
        slow += bool(given_up)
        if given_up or ran_on:
            print(f"{alias}: given up {given_up}, ran on {ran_on}", flush=True)
    print(f"{slow} of {len(names)} lexers were given up for at least one piece")


if __name__ == "__main__":
    main()
