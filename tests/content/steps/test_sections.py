from content.manuscript import Body
from content.steps.sections import use_sections
from tests.content.conftest import manuscript


def test_containers_become_sections_with_their_looks() -> None:
    body = Body('<div class="a" style="color:red" id="x">t<div><p>b</p></div>u</div>')
    use_sections(manuscript(), body)
    assert body.serialize() == (
        '<section class="a" style="color:red">t<section><p>b</p></section>u</section>'
    )


def test_a_summary_stands_apart_from_its_details() -> None:
    body = Body("<details><summary>多</summary>正文</details><address>甲</address>乙")
    use_sections(manuscript(), body)
    assert body.serialize() == (
        "<section><section>多</section>正文</section><section>甲</section>乙"
    )


def test_text_that_nobody_should_read_goes() -> None:
    body = Body(
        "<title>t</title><p>a</p><script>s</script><textarea>x</textarea><p hidden>h<b>i</b></p>"
    )
    use_sections(manuscript(), body)
    assert body.serialize() == "<p>a</p>"
