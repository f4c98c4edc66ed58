from selectolax.lexbor import LexborNode

from content.manuscript import Body, Manuscript

_NBSP = "\u00a0"
_TAB = _NBSP * 4


def keep_code_shape(manuscript: Manuscript, body: Body) -> None:
    """Write the line ends of an author's `<pre>` as `<br>` and its spaces as `&nbsp;`.

    WeChat folds white space in code too (wechat-api.md §9). Our own code blocks hold no line end,
    and plain spaces between words: those do not fold, and are a byte where `&nbsp;` is six.
    """
    marks = "\n" if manuscript.is_markdown else "\n\t "
    for block in body.css("pre"):
        if not any(mark in block.text() for mark in marks):
            continue
        for node in [each for each in block.traverse(include_text=True) if each.is_text_node]:
            _reshape(body, node)


def _reshape(body: Body, node: LexborNode) -> None:
    text = (node.text_content or "").replace("\r\n", "\n").replace("\t", _TAB).replace(" ", _NBSP)
    first, *others = text.split("\n")
    node.insert_before(first)
    for line in others:
        node.insert_before(body.create_node("br"), move=True)
        node.insert_before(line)
    node.decompose()
