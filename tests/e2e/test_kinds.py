"""小绿书, product cards and drafts of several articles, through everything that is real."""

import base64
from typing import Any

import httpx
import pytest

from sandbox.sample import sample_article
from sandbox.settings import VERIFIED
from wechat.products import GETCARDINFO

PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
        "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
    )
).decode()
DATA = f"data:image/png;base64,{PNG}"
STRICT = {"unknown_fields": "refuse_47001"}


def _drafts(stand: Any) -> list[Any]:
    world = stand.sandbox.world
    return [draft for _, _, draft in world.drafts]


async def test_a_newspic_is_published_with_its_pictures_in_order(open_stand: Any) -> None:
    async with open_stand(**STRICT) as stand:
        pictures = [f"{stand.sandbox.url}/sample/{name}" for name in ("night.webp", "flow.png")]
        fields = {
            "title": "今天的海",
            "markdown": "第一行\n第二行\n\n- [看](https://a.com/x)",
            "images": [*pictures, DATA],
            "crops": {"1_1": [0, 0.1, 0.9, 1]},
            "need_open_comment": True,
            "action": "publish",
        }
        job = await stand.article(fields)
        assert (job["state"], job["result"]["mode"]) == ("succeeded", "published")
        made = [entry.data["media_id"] for entry in stand.committed("material")]
        assert stand.committed("image") == []
        (publication,) = [one for _, _, one in stand.sandbox.world.publications]
        (article,) = publication.articles
        assert article.article_type == "newspic"
        assert article.content == "第一行\n第二行\n\n• 看（https://a.com/x）"
        assert sorted(article.image_media_ids) == sorted(made)
        assert len(made) == 3
        sent = {"ratio": "1_1", "x1": "0", "y1": "0.1", "x2": "0.9", "y2": "1"}
        assert article.crops == (sent,)
        assert article.need_open_comment == 1
        async with httpx.AsyncClient(trust_env=False) as browser:
            page = (await browser.get(job["result"]["url"])).text
        materials = stand.sandbox.world.materials
        found = [materials.get(VERIFIED.app_id, media_id) for media_id in article.image_media_ids]
        shown = [page.index(picture.blob) for picture in found]
        assert shown == sorted(shown)
        # The same again, in other words: every picture is there.
        before = stand.calls()["/cgi-bin/material/add_material"]
        again = await stand.article({**fields, "title": "又一片海", "action": "draft"})
        assert again["state"] == "succeeded"
        assert stand.calls()["/cgi-bin/material/add_material"] == before


async def test_markdown_alone_is_a_newspic_when_it_says_so(open_stand: Any) -> None:
    async with open_stand(**STRICT) as stand:
        head = "---\ntitle: 图\narticle_type: newspic\n---\n"
        job = await stand.article({"markdown": f"{head}看图 ![]({DATA})"})
        assert job["state"] == "succeeded", job
        ((article,),) = [draft.articles for draft in _drafts(stand)]
        assert (article.article_type, article.content) == ("newspic", "看图")
        assert len(article.image_media_ids) == 1


async def test_product_cards_stand_in_the_text_as_wechat_gave_them(open_stand: Any) -> None:
    async with open_stand(**STRICT) as stand:
        text = (
            "---\nproducts:\n  - product_id: '10000123'\n  - product_id: '10000456'\n"
            "    card_type: 2\n  - product_id: '10000789'\n---\n"
            "# 买\n\n先看 {{product:10000456}}，再看\n\n{{product:10000123}}\n\n完。"
        )
        job = await stand.article({"markdown": text})
        assert job["state"] == "succeeded", job
        ((article,),) = [draft.articles for draft in _drafts(stand)]
        content = article.content
        assert content.count("data-windowproduct=") == 3
        assert 'tagname="mp-common-product"' in content
        places = [content.index(f"商品 {number}") for number in (10000456, 10000123, 10000789)]
        assert places == sorted(places)
        assert "{{" not in content
        assert "product-" not in content.replace("mp-common-product", "")
        assert stand.calls()[GETCARDINFO] == 3


async def test_a_newspic_has_a_product_at_its_end(open_stand: Any) -> None:
    async with open_stand(**STRICT) as stand:
        job = await stand.article(
            {"title": "图", "images": [DATA], "products": [{"product_id": "10000123"}]}
        )
        assert job["state"] == "succeeded", job
        ((article,),) = [draft.articles for draft in _drafts(stand)]
        assert article.product_key
        assert "mp-common-product" not in article.content


async def test_an_author_writes_no_product_card(stand: Any) -> None:
    forged = '<mp-common-product data-windowproduct="K" data-cardtype="1"></mp-common-product>'
    job = await stand.article({"title": "x", "html": f"<p>买{forged}</p>"})
    assert job["state"] == "succeeded", job
    assert "product" not in _drafts(stand)[0].articles[0].content


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"products": [{"product_id": "10"}]}, "wechat_refused", "products[0]"),
        (
            {"products": [{"product_id": "10001", "card_type": 3}]},
            "product_card_unsupported",
            "products[0].card_type",
        ),
        ({"article_type": "newspic"}, "newspic_without_images", "images"),
        ({"images": ["missing.png"]}, "image_file_missing", "images[0]"),
    ],
)
async def test_what_cannot_be_is_a_failed_job_with_the_field(
    stand: Any, fields: dict[str, Any], code: str, field: str
) -> None:
    job = await stand.article({"markdown": "# 题\n\n文", **fields})
    assert job["state"] == "failed"
    assert (job["error"]["code"], job["error"]["field"]) == (code, field)
    assert stand.committed("draft") == []


async def test_several_articles_are_one_draft_and_one_publication(open_stand: Any) -> None:
    async with open_stand(**STRICT) as stand:
        sample = sample_article(stand.sandbox.url)
        articles = [
            {"markdown": sample, "digest": "没有摘要"},
            {"markdown": sample, "title": "另一篇"},
            {"title": "图", "images": [f"{stand.sandbox.url}/sample/night.webp"]},
        ]
        job = await stand.article({"articles": articles, "action": "publish"})
        assert (job["state"], job["result"]["mode"]) == ("succeeded", "published"), job
        assert [item["index"] for item in job["items"]] == [0, 1, 2]
        urls = [item["result"]["url"] for item in job["items"]]
        assert len(set(urls)) == 3
        assert (job["result"]["url"], job["result"]["urls"]) == (urls[0], urls)
        (warning,) = job["items"][0]["warnings"]
        assert (warning["code"], warning["field"]) == ("digest_left_out", "articles[0].digest")
        (draft,) = stand.committed("draft")
        assert draft.data["titles"][1:] == ["另一篇", "图"]
        # What two of them show is uploaded once.
        digests = [entry.data["sha256"] for entry in stand.committed("image")]
        assert len(digests) == len(set(digests)) == 6
        async with httpx.AsyncClient(trust_env=False) as browser:
            for url in urls:
                assert (await browser.get(url)).status_code == 200


@pytest.mark.parametrize(
    ("second", "field"),
    [
        ({"markdown": "没有标题"}, "articles[1].title"),
        ({"markdown": "# 题\n\n![](no.png)"}, "articles[1].images[0]"),
    ],
)
async def test_an_article_that_cannot_be_stops_its_draft_and_is_named(
    stand: Any, second: dict[str, str], field: str
) -> None:
    job = await stand.article({"articles": [{"markdown": "# 一\n\n文"}, second]})
    assert (job["state"], job["error"]["field"]) == ("failed", field)
    assert ["error" in item for item in job["items"]] == [False, True]
    assert stand.committed("draft") == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"articles": []}, "articles"),
        ({"articles": [{"markdown": "x"}], "title": "t"}, "articles"),
        ({"articles": [{"markdown": "x"}, {"markdown": 1}]}, "articles[1].markdown"),
        ({"images": ["a"] * 21}, "images"),
        ({"images": ["a", ""]}, "images[1]"),
        ({"images": ["a"], "article_type": "news"}, "images"),
        ({"markdown": "x", "crops": {"1_1": [0, 0, 3, 1]}}, "crops.1_1[2]"),
        ({"markdown": "x", "products": [{"product_id": "<"}]}, "products[0].product_id"),
    ],
)
async def test_a_wrong_field_is_named_at_once(
    stand: Any, fields: dict[str, Any], field: str
) -> None:
    response = await stand.http.post("/v1/accounts/main/articles", json=fields)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["field"]) == (422, "field_invalid", field)
