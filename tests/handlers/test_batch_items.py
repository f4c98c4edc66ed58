import pytest
from pydantic import ValidationError

from handlers.batch_items import ImageItem, TagItem, WireDraft, WireItem, model_of


def test_what_wechat_adds_to_its_articles_goes_along() -> None:
    item = WireItem.model_validate({"title": "题", "content": "文", "is_new_thing": 1})
    assert item.model_dump() == {"title": "题", "content": "文", "is_new_thing": 1}


def test_a_draft_is_one_article_or_several() -> None:
    article = {"title": "题", "content": "文"}
    assert model_of("drafts.create", article) is WireItem
    assert model_of("drafts.create", {"articles": [article]}) is WireDraft
    with pytest.raises(ValidationError):
        WireDraft.model_validate({"articles": [article] * 9})


@pytest.mark.parametrize(
    "item", [{}, {"url": "u", "sha256": "0" * 64}, {"url": "u", "file": "a.png"}]
)
def test_a_picture_has_one_source(item: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ImageItem.model_validate(item)


def test_tags_are_trimmed() -> None:
    assert TagItem.model_validate({"media_id": "M", "add": [" 活动 "]}).add == ["活动"]
