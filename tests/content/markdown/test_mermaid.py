import base64
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from content.pictures.svg import Size, svg_to_png
from sandbox.filters import ArticleFilter
from tests.content.allowed import assert_allowed
from tests.content.conftest import Render

DIAGRAMS = {
    "flow": "graph TD\n A[开始] -->|是| B{判断}\n B --> C[(数据库)]",
    "sequence": "sequenceDiagram\n 客户->>服务器: 请求\n 服务器-->>客户: 响应",
    "class": "classDiagram\n Animal <|-- Duck\n Animal : +int age",
    "state": "stateDiagram-v2\n [*] --> 待机\n 待机 --> 运行",
    "gantt": "gantt\n dateFormat YYYY-MM-DD\n section 甲\n 任务 :a1, 2024-01-01, 30d",
    "pie": 'pie title 占比\n "猫": 40\n "狗": 60',
    "er": "erDiagram\n CUSTOMER ||--o{ ORDER : places",
    "mindmap": "mindmap\n  root((中心))\n    甲",
}


def _render(render: Render, source: str, **options: str) -> dict[str, Any]:
    return render(f"字\n\n```mermaid\n{source}\n```", title="t", options=options)


def _draw(src: str) -> tuple[Image.Image, Size]:
    data = base64.b64decode(src.removeprefix("data:image/svg+xml;base64,"))
    png, size = svg_to_png(data, picture="x")
    return Image.open(BytesIO(png)).convert("RGB"), size


@pytest.mark.parametrize("kind", DIAGRAMS)
def test_diagrams_become_pictures_on_white(render: Render, kind: str) -> None:
    made = _render(render, DIAGRAMS[kind])
    (image,) = made["images"]
    drawn, size = _draw(image["src"])
    assert drawn.getpixel((1, 1)) == (255, 255, 255)
    assert len(drawn.getcolors(1 << 24) or ()) > 4
    assert f"width:{size.width:.0f}px" in made["content"]
    assert made["warnings"] == []
    assert_allowed(made["content"])


@pytest.mark.parametrize("kind", DIAGRAMS)
def test_diagrams_can_be_svg_with_all_their_text(render: Render, kind: str) -> None:
    content = _render(render, DIAGRAMS[kind], mermaid="svg")["content"]
    assert_allowed(content)
    assert "<style" not in content
    stored = ArticleFilter().clean(content)
    assert stored.count("<text") == content.count("<text") > 0
    assert "fill=" in stored


def test_a_wide_label_is_not_cut_off(render: Render) -> None:
    content = _render(render, DIAGRAMS["class"], mermaid="svg")["content"]
    assert content.count("<svg") == 1
    assert "Animal</text>" in content


def test_off_shows_the_source(render: Render) -> None:
    made = _render(render, DIAGRAMS["flow"], mermaid="off")
    assert made["images"] == []
    assert "graph&nbsp;TD" in made["content"] or "graph TD" in made["content"]
    assert made["warnings"] == []


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("graph TD\n A --", "Unterminated"),
        ("nonsense", ""),
        ("", ""),
        ("graph TD;\n" + "A-->B;\n" * 2_000, "too large"),
        ("graph TD;\n" + "".join(f"A{n}-->A{n + 1};\n" for n in range(900)), ""),
    ],
)
def test_what_cannot_be_drawn_is_code_with_the_reason(
    render: Render, source: str, reason: str
) -> None:
    made = _render(render, source)
    assert made["images"] == []
    assert "<pre" in made["content"]
    (warning,) = (one for one in made["warnings"] if one["code"] != "code_not_highlighted")
    assert warning["code"] == "diagram_not_drawn"
    assert reason in warning["message"][1]


def test_text_in_a_diagram_is_text(render: Render) -> None:
    source = 'graph TD\n A["<img src=x onerror=alert(1)><b>x"] --> B["a & b &nbsp; <script>"]'
    for mode in ("svg", "png"):
        made = _render(render, source, mermaid=mode)
        assert_allowed(made["content"])
        for image in made["images"]:
            _draw(image["src"])


def test_without_the_extra_it_is_said() -> None:
    program = (
        "import sys; sys.modules['merman'] = None\n"
        "from tests.content.conftest import request\n"
        "from content.pipeline import Pipeline\n"
        "made = Pipeline().run(request('```mermaid\\ngraph TD;A-->B\\n```', title='t'))\n"
        "print([w['code'] for w in made['warnings']], '<pre' in made['content'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.stdout.strip() == "['mermaid_extra_missing'] True"
