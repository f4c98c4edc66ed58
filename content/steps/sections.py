from content.manuscript import Body, Manuscript

# Their text would be left behind when the sanitizer drops the element.
WITH_CONTENT = "title, script, noscript, template, textarea, select"
AS_SECTIONS = "div, article, main, header, footer, aside, nav, center"


def use_sections(_manuscript: Manuscript, body: Body) -> None:
    """Turn containers into `<section>`; whether WeChat keeps `div`, users disagree."""
    for node in body.css(WITH_CONTENT):
        node.decompose()
    for node in body.css(AS_SECTIONS):
        section = body.create_node("section")
        for name, value in node.attributes.items():
            if name in ("class", "style"):
                section.attrs[name] = value
        node.insert_before(section, move=True)
        child = node.first_child
        while child is not None:
            section_before = child.next
            section.insert_child(child, move=True)
            child = section_before
        node.decompose()
