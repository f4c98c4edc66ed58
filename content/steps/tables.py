from content.manuscript import Body, Manuscript


def wrap_tables(_manuscript: Manuscript, body: Body) -> None:
    """Put each table into a section that scrolls sideways, for phones."""
    for table in body.css("table"):
        section = body.create_node("section")
        section.attrs["class"] = "table"
        table.insert_before(section, move=True)
        section.insert_child(table, move=True)
