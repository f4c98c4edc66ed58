from typing import Any

import pytest

from content.refusals import ProductCardUnsupported, ProductsAtEnd
from tests.content.conftest import Render

ONE, TWO = {"product_id": "1"}, {"product_id": "2"}


def _render(render: Render, text: str, *products: dict[str, Any], **given: Any) -> dict[str, Any]:
    return render(text, title="题", products=list(products), **given)


def test_a_card_has_its_place_where_the_text_names_it(render: Render) -> None:
    rendered = _render(render, "买 {{product:1}}！\n\n{{product:1}}", ONE, TWO)
    first, second = rendered["products"]
    assert rendered["content"].count(first["mark"]) == 2
    assert "{{" not in rendered["content"]
    assert "{{" not in rendered["digest"]
    assert (second["mark"], first["card_type"], second["card_type"]) == ("", 1, 1)
    assert (first["field"], second["field"]) == ("products[0]", "products[1]")


def test_in_code_and_in_attributes_it_is_no_place(render: Render) -> None:
    text = "`{{product:1}}` ![{{product:1}}](a.png)\n\n```\n{{product:1}}\n```\n"
    rendered = _render(render, text, ONE)
    assert rendered["products"][0]["mark"] == ""
    assert rendered["content"].count("product:1") == 3


def test_what_is_not_declared_stays_as_typed(render: Render) -> None:
    rendered = _render(render, "{{product:9}}", ONE)
    assert "{{product:9}}" in rendered["content"]
    assert [warning["code"] for warning in rendered["warnings"]] == ["product_not_declared"]
    assert render("{{product:9}}", title="题")["warnings"] == []


def test_no_author_can_write_a_mark(render: Render) -> None:
    (first,) = _render(render, "{{product:1}}", ONE)["products"]
    forged = _render(render, "{{product:1}} " + first["mark"], ONE)
    assert forged["products"][0]["mark"] != first["mark"]


def test_a_newspic_has_one_product_at_its_end(render: Render) -> None:
    images = ["a.png"]
    rendered = _render(render, "买 {{product:1}}", ONE, TWO, images=images)
    assert [product["card_type"] for product in rendered["products"]] == [1, 3]
    assert rendered["products"][0]["mark"] in rendered["content"]
    with pytest.raises(ProductsAtEnd) as caught:
        _render(render, "买", ONE, TWO, images=images)
    assert caught.value.field == "products[1]"


@pytest.mark.parametrize(("card_type", "given"), [(3, {}), (0, {"images": ["a.png"]})])
def test_each_kind_has_cards_of_its_own(
    render: Render, card_type: int, given: dict[str, Any]
) -> None:
    with pytest.raises(ProductCardUnsupported) as caught:
        _render(render, "x", {"product_id": "1", "card_type": card_type}, **given)
    assert caught.value.field == "products[0].card_type"


def test_hostile_text_takes_linear_time(render: Render) -> None:
    text = "{{product:" * 1_000 + "<" * 1_000 + "{{product:1}}" * 500
    assert _render(render, text, ONE)["products"][0]["mark"]
