import time

from content.references import Shelf

FILES = {"img/图.png": 1, "a b.jpg": 2, "posts/c.webp": 3, "x/secret.pem": 4}


def test_files_are_found_however_a_text_writes_them() -> None:
    text = """---
cover: ./img/图.png
---
![](img/%E5%9B%BE.png "题") <img src='a b.jpg?x=1'> [pem]: other.pem
"""
    assert Shelf(FILES).named_in(text) == {"img/图.png": "img/图.png", "a b.jpg": "a b.jpg"}


def test_a_text_names_files_from_where_it_stands() -> None:
    shelf = Shelf(FILES)
    text = "![](c.webp) ![](../img/图.png) ![](img/图.png)"
    assert shelf.named_in(text, folder="posts") == {
        "c.webp": "posts/c.webp",
        "../img/图.png": "img/图.png",
    }


def test_reference_definitions_and_lists_name_files_too() -> None:
    text = "![x][1]\n\n[1]: img/图.png\n\nimages: [posts/c.webp, 'a b.jpg']\n- x/secret.pem\n"
    assert set(Shelf(FILES).named_in(text).values()) == set(FILES)


def test_no_files_are_looked_for_in_no_time() -> None:
    assert Shelf({}).named_in("![](a.png)") == {}
    assert Shelf(FILES).named_in("words alone") == {}


def test_it_takes_linear_time() -> None:
    began = time.process_time()
    for text in ("<" * 65_000, "[" * 65_000, "a.png " * 11_000, " " * 65_000, '"' * 65_000):
        Shelf({"a.png": 1, "b/c.png": 2}).named_in(text)
    assert time.process_time() - began < 5  # quadratic time would be minutes
