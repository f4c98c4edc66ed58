from content.manuscript import Body, Manuscript

_MAX_CHARS = 32_768
_MAX_MATCHES = 4_000_000  # each selector is held against each element: 0.4 s


def bound_styles(manuscript: Manuscript, body: Body) -> None:
    """Leave out the author's stylesheets where writing them into the elements took too long."""
    styles = body.css("style")
    if not styles:
        return
    sheets = "".join(style.text() for style in styles)
    # Commas in values count too; more than four would hardly stand in a rule.
    selectors = sheets.count("{") + sheets.count(",")
    elements = manuscript.html.count("<")
    if len(sheets) <= _MAX_CHARS and selectors * elements <= _MAX_MATCHES:
        return
    for style in styles:
        style.decompose()
    manuscript.warn(
        "styles_too_large",
        "<style> 样式过多，已忽略；请改用行内样式或精简样式表",
        "the <style> sheets were left out as too large; use style attributes or fewer rules",
        field="html",
    )
