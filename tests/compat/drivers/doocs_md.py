"""A page of an editor inside of a real Chromium; doocs_md.js is what runs in it."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

_SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")
_SETTINGS = {
    "appID": os.environ["APP_ID"],
    "appsecret": os.environ["KEY"],
    "proxyOrigin": os.environ["GATE_URL"],
}


def main() -> None:
    """Answer each command of stdin."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ["CHROMIUM"], args=os.environ["ARGS"].split()
        )
        page = opened(browser, os.environ["ORIGIN"])
        for line in sys.stdin:
            command = line.strip()
            if command == "elsewhere":  # the same page by another name: another origin
                other = os.environ["ORIGIN"].replace("127.0.0.1", "localhost")
                answer: Any = opened(browser, other).evaluate("ask('token')")
            else:
                answer = page.evaluate("command => ask(command)", command)
            print(json.dumps(answer), flush=True)
        browser.close()


def opened(browser: Browser, origin: str) -> Page:
    """The editor, loaded from `origin`, with its settings filled in."""
    page = browser.new_page()
    page.goto(origin)
    page.evaluate(_SCRIPT, _SETTINGS)
    return page


main()
