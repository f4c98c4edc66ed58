from content.manuscript import Body, Manuscript

# Their text would be left behind when the sanitizer drops the element.
WITH_CONTENT = "title, script, noscript, template, textarea, select"
AS_SECTIONS = "div, article, main, header, footer, aside, nav, center"


def use_sections(_manuscript: Manuscript, body: Body) -> None:
    """Turn containers into `<section>`; whether WeChat keeps `div`, users disagree."""
    for node in body.css(WITH_CONTENT):
        node.decompose()
    for node in body.css(AS_SECTIONS):
        body.rename(node, "section")
