from content.manuscript import Body, Manuscript


def take_title(manuscript: Manuscript, body: Body) -> None:
    """Take the first heading for the title, if none was given; WeChat shows it above the body.

    A heading that only repeats the given title goes too.
    """
    heading = body.css_first("h1")
    if heading is None:
        return
    text = " ".join(heading.text().split())
    if not text:
        return
    title = " ".join(manuscript.string("title").split())
    if not title:
        manuscript.fields["title"] = text
    if title in ("", text):
        heading.decompose()
