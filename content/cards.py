import asyncio
from collections.abc import Mapping
from dataclasses import replace

from content.article import ProductRef, RenderedArticle
from content.blame import blame, first_of_group
from content.refusals import ProductCardMisplaced
from wechat.draft import Article
from wechat.products import ProductCard, ProductClient

Cards = Mapping[ProductRef, ProductCard]


class ProductCards:
    """Gets product cards from WeChat. Their HTML is WeChat's own and goes in as it is."""

    def __init__(self, products: ProductClient) -> None:
        self._products = products

    async def fetch(self, account: str, article: RenderedArticle) -> Cards:
        """A card for each product; an error has the product's place as `field`."""
        with first_of_group():
            async with asyncio.TaskGroup() as group:
                tasks = {
                    product: group.create_task(self._one(account, article.article_type, product))
                    for product in article.products
                }
        return {product: task.result() for product, task in tasks.items()}

    async def _one(self, account: str, article_type: str, product: ProductRef) -> ProductCard:
        with blame(product.field):
            card = await self._products.card(
                account,
                product.product_id,
                article_type=article_type,
                card_type=product.card_type,
            )
            # By its key a product can stand at the end of a newspic, and nowhere else.
            if not card.dom and (product.mark or article_type == "news"):
                raise ProductCardMisplaced(product_id=product.product_id)
        return card


def with_cards(article: Article, cards: Cards) -> Article:
    """`article` with each card in its place."""
    for product, card in cards.items():
        if product.mark:
            article = replace(article, content=article.content.replace(product.mark, card.dom))
        elif card.product_key and article.article_type == "newspic":
            article = replace(article, product_key=card.product_key)
        else:
            article = replace(article, content=article.content + card.dom)
    return article
