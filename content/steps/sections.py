from content.manuscript import Body, Manuscript

# Their text would be left behind when the sanitizer drops the element.
WITH_CONTENT = "title, script, noscript, template, textarea, select, datalist"
HIDDEN = "[hidden]"  # the same, when it drops the attribute
AS_SECTIONS = (
    "div, article, main, header, footer, aside, nav, center, details, summary, address, hgroup,"
    " form, fieldset, legend, dialog"
)


def use_sections(_manuscript: Manuscript, body: Body) -> None:
    """Turn containers into `<section>`; whether WeChat keeps `div`, users disagree."""
    for node in body.css(f"{WITH_CONTENT}, {HIDDEN}"):
        node.decompose()
    for node in body.css(AS_SECTIONS):
        body.rename(node, "section")
