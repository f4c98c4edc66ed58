"""The published article in a real Chromium: pictures, colours, tables."""

from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage

from sandbox.sample import sample_article

pytestmark = pytest.mark.browser


async def test_the_published_page_shows_all_that_the_markdown_had(
    stand: Any, browser: Browser
) -> None:
    markdown = sample_article(stand.sandbox.url)
    job = await stand.article({"markdown": markdown, "action": "publish"})
    page = await browser.new_page(viewport={"width": 375, "height": 800})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(job["result"]["url"], wait_until="networkidle")

    pictures = await page.evaluate(
        "[...document.images].map(i => [i.src, i.complete, i.naturalWidth])"
    )
    assert len(pictures) == 6
    assert all(src.startswith(f"{stand.sandbox.url}/mmbiz/") for src, _, _ in pictures)
    assert all(complete and width > 0 for _, complete, width in pictures)
    assert all(url.startswith(stand.sandbox.url) for url in asked)

    colours = await page.evaluate(
        "new Set([...document.querySelectorAll('pre span, section span')]"
        ".map(s => getComputedStyle(s).color)).size"
    )
    assert colours >= 4
    cells = await page.evaluate("document.querySelectorAll('table td').length")
    assert cells >= 4
    overflow = await page.evaluate("document.documentElement.scrollWidth")
    assert overflow <= 375


async def test_the_api_pages_render_without_another_host(stand: Any, browser: Browser) -> None:
    page = await browser.new_page()
    errors: list[str] = []
    asked: list[str] = []

    def note(said: ConsoleMessage) -> None:
        if said.type == "error":
            errors.append(said.text)

    page.on("console", note)
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{stand.url}/docs", wait_until="networkidle")
    await page.wait_for_selector('[data-path="/v1/render"]')
    assert errors == []
    assert all(url.startswith((stand.url, "data:")) for url in asked)
