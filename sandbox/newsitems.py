from collections.abc import Iterable
from typing import Any

from sandbox.models import Article
from sandbox.world import World


def page_url(world: World, article: Article) -> str:
    """Where a reader finds the article; at WeChat this would be under mp.weixin.qq.com/s."""
    return f"{world.base_url}/s/{article.page}"


def news_items(
    world: World, app_id: str, articles: Iterable[Article], *, no_content: bool = False
) -> list[dict[str, Any]]:
    """`news_item[]` as draft/get and freepublish/getarticle give it back."""
    return [_item(world, app_id, article, no_content=no_content) for article in articles]


def _item(world: World, app_id: str, article: Article, *, no_content: bool) -> dict[str, Any]:
    thumb = world.materials.get(app_id, article.thumb_media_id)
    item: dict[str, Any] = article.model_dump(
        exclude={"page", "image_media_ids", "crops", "product_key", "is_deleted"}
        | ({"content"} if no_content else set())
    )
    item["thumb_url"] = thumb.url if thumb is not None else ""
    item["show_cover_pic"] = 0
    item["url"] = page_url(world, article)
    if article.image_media_ids:
        pictures = [{"image_media_id": media_id} for media_id in article.image_media_ids]
        item["image_info"] = {"image_list": pictures}
    if article.crops:
        item["cover_info"] = {"crop_percent_list": list(article.crops)}
    if article.product_key:
        item["product_info"] = {"footer_product_info": {"product_key": article.product_key}}
    return item
