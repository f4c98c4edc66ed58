import re
from collections import Counter
from collections.abc import Iterator

_MOST = 8
_MOST_TRIED = 50
_MOST_CHARS = 20_000  # of the text that is looked at: WeChat takes no longer one
_LONGEST = 6  # characters of a Chinese word
_LEAST = 2  # times that a word is there
_MOSTLY = 0.7  # a piece that is so often inside of a longer one is no word of its own
_TITLE = 3  # a word of the title counts as so many more
_HAN_RUN = re.compile(r"[\u4e00-\u9fff]{2,}")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9+#]*(?:[-.][A-Za-z0-9+#]+)*")
# Characters of grammar: where one begins or ends a piece of text, the piece is no term.
_GRAMMAR = frozenset(
    "的了在是我有和就不人都一上也很到说要去你会着没看好自己这那他她它们个与及或而但被把让给对从向为以于"
    "其之所将还又再更最只可能后前里中下时则若因此如何什么怎么吗呢吧啊哦每各该些样种等用做得地过来起出"
)
_JOINING = frozenset("的了是和与或在")
_STOP_WORDS = frozenset(
    """
    a an the and or but if then than so of to in on at by for from with as is are was were be
    been it its this that these those you your we our they their he she his her i me my not no
    do does did have has had can could will would should may might must about into over under
    more most some any all each other such only own same too very just also there here when
    where which who what how why up down out off again once http https www com org html md
    """.split()  # noqa: SIM905 - a list of a hundred lines
)


def keywords(title: str, text: str) -> list[str]:
    """The words that weigh most, at most 8; without a dictionary.

    A Chinese word is a piece of text that comes again and again, in the greatest length in which
    it still does. Latin words count as they are written most often.
    """
    weights = Counter(dict(_chinese(title, text)))
    for word, weight in _latin(title, text):
        weights[word] += weight
    chosen: list[str] = []
    for word, _ in weights.most_common(_MOST_TRIED):
        if not any(word in other or other in word for other in chosen):
            chosen.append(word)
    return chosen[:_MOST]


def _chinese(title: str, text: str) -> Iterator[tuple[str, int]]:
    runs = _HAN_RUN.findall(text[:_MOST_CHARS])
    in_title = "\n".join(_HAN_RUN.findall(title))
    counts = _repeated(runs)
    inside: Counter[str] = Counter()  # how often a piece is there inside of one longer piece
    for term, count in counts.items():
        for part in (term[1:], term[:-1]):
            inside[part] = max(inside[part], count)
    for term, count in counts.items():
        alone = inside[term] < count * _MOSTLY
        if alone and len(term) <= _LONGEST and not _is_grammar(term):
            yield term, (count + (_TITLE if term in in_title else 0)) * len(term)


def _repeated(runs: list[str]) -> dict[str, int]:
    """Pieces of 2 to 7 characters that are there more than once, with their counts."""
    found: dict[str, int] = {}
    places = [(run, at) for run in runs for at in range(len(run) - 1)]
    for length in range(2, _LONGEST + 2):
        pieces = Counter(run[at : at + length] for run, at in places)
        again = {piece: count for piece, count in pieces.items() if count >= _LEAST}
        found |= again
        # Only a piece that is there again can be the beginning of a longer one that is.
        places = [
            (run, at)
            for run, at in places
            if at + length < len(run) and run[at : at + length] in again
        ]
    return found


def _is_grammar(term: str) -> bool:
    return term[0] in _GRAMMAR or term[-1] in _GRAMMAR or not _JOINING.isdisjoint(term)


def _latin(title: str, text: str) -> Iterator[tuple[str, int]]:
    spellings: dict[str, Counter[str]] = {}
    for word in _LATIN.findall(text[:_MOST_CHARS]):
        if len(word) > 1 and word.lower() not in _STOP_WORDS:
            spellings.setdefault(word.lower(), Counter())[word] += 1
    in_title = {word.lower() for word in _LATIN.findall(title)}
    for word, written in spellings.items():
        count = written.total()
        if count >= _LEAST or word in in_title:
            weight = count + (_TITLE if word in in_title else 0)
            yield written.most_common(1)[0][0], weight * 2
