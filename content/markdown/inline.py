"""markdown-it's inline parser, asking only the rules that a character may begin.

With some twenty rules, asking each at every character would take most of the time of an article,
and of a text made of nothing but brackets.
"""

from collections.abc import Sequence

from markdown_it.parser_inline import ParserInline, RuleFuncInlineType
from markdown_it.rules_inline.state_inline import StateInline

# By name, the characters a rule begins with. A rule that is not listed is asked everywhere.
_BEGINNINGS = {
    "linkify": ":",
    "newline": "\n",
    "escape": "\\",
    "backticks": "`",
    "strikethrough": "~",
    "emphasis": "*_",
    "link": "[",
    "image": "!",
    "autolink": "<",
    "html_inline": "<",
    "entity": "&",
    # ours
    "attributes": "{",
    "emoji": ":",
    "footnote_inline": "^",
    "footnote_ref": "[",
    "mark": "=",
    "math_inline": "$\\",
    "ruby": "[",
    "span": "[",
    "sub": "~",
    "sup": "^",
}

Rules = Sequence[RuleFuncInlineType]


class QuickInlineParser(ParserInline):
    """Takes over the rules of `parser`, and those added later."""

    def __init__(self, parser: ParserInline) -> None:
        super().__init__()
        self.ruler, self.ruler2 = parser.ruler, parser.ruler2
        self._all: Rules = ()
        self._by_character: dict[str, Rules] = {}

    def tokenize(self, state: StateInline) -> None:
        """Make tokens of the range from `state.pos` to `state.posMax`."""
        end = state.posMax
        max_nesting = state.md.options["maxNesting"]
        while state.pos < end:
            character = state.src[state.pos]
            rules = self._rules(character) if state.level < max_nesting else ()
            for rule in rules:
                if rule(state, False):
                    break
            else:
                state.append_pending(character)
                state.pos += 1
        if state.pending:
            state.pushPending()

    def skipToken(self, state: StateInline) -> None:  # noqa: N802 - markdown-it's name
        """Go to the end of the token at `state.pos`."""
        start = state.pos
        if start in state.cache:
            state.pos = state.cache[start]
            return
        if state.level >= state.md.options["maxNesting"]:
            state.pos = state.posMax  # as markdown-it does
        elif not self._skip(state):
            state.pos += 1
        state.cache[start] = state.pos

    def _skip(self, state: StateInline) -> bool:
        state.level += 1
        try:
            return any(rule(state, True) for rule in self._rules(state.src[state.pos]))
        finally:
            state.level -= 1

    def _rules(self, character: str) -> Rules:
        everywhere = self.ruler.getRules("")  # a new list whenever a rule was added or switched
        if everywhere is not self._all:
            self._all, self._by_character = everywhere, {}
        if character not in self._by_character:
            if len(self._by_character) > 1_000:
                self._by_character.clear()
            self._by_character[character] = self._select(character)
        return self._by_character[character]

    def _select(self, character: str) -> Rules:
        ends_text = self.terminator_re.match(character) is not None
        return [
            rule.fn
            for rule in self.ruler.__rules__
            if rule.enabled
            and character in _BEGINNINGS.get(rule.name, character)
            and not (rule.name == "text" and ends_text)
        ]
