import re

from content.manuscript import Manuscript
from content.options import RenderOptions

_ONE_LINE = ("title", "author", "digest", "cover", "content_source_url")
# Control characters, marks that turn the direction of what follows them, and halves of characters,
# which no encoder takes. The joiners of emoji and of Indic scripts (ZWJ, ZWNJ) stay.
INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+"
)


def use_defaults(manuscript: Manuscript) -> None:
    """Fill the fields and options that neither the caller nor the front matter gave."""
    manuscript.fields = {**manuscript.defaults, **manuscript.fields}
    options = {**manuscript.options.model_dump(), **manuscript.given_options}
    manuscript.options = RenderOptions.model_validate(options)


def tidy_fields(manuscript: Manuscript) -> None:
    """Make each field one line of visible characters, as WeChat's lists show it."""
    for name in _ONE_LINE:
        if value := manuscript.string(name):
            manuscript.fields[name] = " ".join(INVISIBLE.sub(" ", value).split())
