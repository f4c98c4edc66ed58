"""A tool that lives in a page, in a real Chromium: doocs/md with its 代理域名 set to the gateway.

The calls are those of doocs/md (apps/web/src/utils/file.ts and wechat-publish.ts): a token by
JSON, pictures as forms, the draft by JSON, the token in the query.
"""

from typing import Any

import pytest
from playwright.async_api import Browser, Page

from sandbox.settings import VERIFIED
from tests.e2e.conftest import KEY, Opens, Stand
from tests.e2e.website import website

pytestmark = pytest.mark.browser

_TOOL = """
async ({gate, appid, secret}) => {
  const json = (data) => ({
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(data),
  });
  const said = async (path, how) => {
    try {
      const response = await fetch(gate + path, how);
      const error = response.headers.get('X-Wxgate-Error');
      return {...await response.json(), status: response.status, error_header: error};
    } catch (failure) {
      return {unreadable: failure.name};
    }
  };
  const token = await said('/cgi-bin/stable_token', json({
    grant_type: 'client_credential', appid, secret,
  }));
  const access = `access_token=${token.access_token}`;
  const canvas = document.createElement('canvas');
  const blob = await new Promise((done) => canvas.toBlob(done, 'image/png'));
  const form = () => {
    const data = new FormData();
    data.append('media', new File([blob], '图 1.png', {type: 'image/png'}), '图 1.png');
    return {method: 'POST', body: data};
  };
  const image = await said(`/cgi-bin/media/uploadimg?${access}`, form());
  const cover = await said(`/cgi-bin/material/add_material?${access}&type=image`, form());
  const draft = await said(`/cgi-bin/draft/add?${access}`, json({articles: [{
    article_type: 'news', title: '网页里写的', thumb_media_id: cover.media_id,
    content: `<p>正文 <img src="${image.url}"></p>`,
  }]}));
  const refused = await said('/cgi-bin/draft/count?access_token=wrong', {});
  return {token, image, cover, draft, refused};
}
"""


async def _use(page: Page, origin: str, gate: str) -> dict[str, Any]:
    await page.goto(origin)
    told: dict[str, Any] = await page.evaluate(
        _TOOL, {"gate": gate, "appid": VERIFIED.app_id, "secret": KEY}
    )
    return told


@pytest.mark.parametrize("prefix", ["", "/wx"])
async def test_a_tool_of_a_listed_origin_makes_a_draft(
    open_stand: Opens, browser: Browser, prefix: str
) -> None:
    async with (
        website() as origin,
        open_stand({"relay": {"cors_origins": [origin]}}) as stand,
    ):
        told = await _use(await browser.new_page(), origin, stand.url + prefix)
        assert "://mmbiz.qpic.cn/" in told["image"]["url"]
        (draft,) = stand.committed("draft")
        assert draft.data["media_id"] == told["draft"]["media_id"]
        # Its user can read why something is refused, too.
        assert told["refused"]["errcode"] == 42001
        assert "source=wxgate" in told["refused"]["error_header"]


async def test_a_page_of_any_other_origin_reads_nothing_and_makes_nothing(
    open_stand: Opens, browser: Browser
) -> None:
    async with (
        website() as listed,
        website() as other,
        open_stand({"relay": {"cors_origins": [listed]}}) as stand,
    ):
        told = await _use(await browser.new_page(), other, stand.url)
        assert set(map(str, told.values())) == {"{'unreadable': 'TypeError'}"}
        assert _made(stand) == []


async def test_without_any_listed_origin_no_page_reads_anything(
    stand: Stand, browser: Browser
) -> None:
    async with website() as origin:
        told = await _use(await browser.new_page(), origin, stand.url)
    assert set(map(str, told.values())) == {"{'unreadable': 'TypeError'}"}
    assert _made(stand) == []


def _made(stand: Stand) -> list[Any]:
    return [each for kind in ("draft", "image", "material") for each in stand.committed(kind)]
