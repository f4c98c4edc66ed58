import re

from content.manuscript import Manuscript

# WeChat drops definition lists; what it makes of figures is not known.
_TAG = re.compile(r"(</?)(?:dl|dt|dd|figure|figcaption)(?=[\s>])")


def use_plain_tags(manuscript: Manuscript) -> None:
    """Turn elements that WeChat may not keep into sections, once the theme has had its say."""
    manuscript.html = _TAG.sub(r"\1section", manuscript.html)
