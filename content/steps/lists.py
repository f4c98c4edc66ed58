from content.manuscript import Body, Manuscript


def flatten_lists(_manuscript: Manuscript, body: Body) -> None:
    """Move a list that ends an item behind that item: inside, WeChat shows an extra bullet."""
    for nested in body.css("li > ul:last-child, li > ol:last-child"):
        item = nested.parent
        following = nested.next
        if item is None or (following is not None and following.text().strip()):
            continue  # text after it belongs to the item and must not change places
        item.insert_after(nested, move=True)
