import re

from sandbox.sample import sample_article


def test_the_sample_has_six_pictures_and_all_that_a_theme_must_show() -> None:
    text = sample_article("http://127.0.0.1:9000")
    assert len(text) <= 4_000
    pictures = set(re.findall(r"!\[[^]]+\]\((http://127\.0\.0\.1:9000/sample/[a-z]+\.\w+)\)", text))
    assert len(pictures) == 6
    assert {url.rpartition(".")[2] for url in pictures} == {"png", "webp", "jpg"}
    assert "{base}" not in text
    for mark in ("```python", "```javascript", "```bash", "- [x]", "> ", "| ---", "   - ", "]("):
        assert mark in text
