from content.replace import replace_images


def test_only_pictures_are_replaced_and_urls_are_escaped() -> None:
    content = '<p>src="a"</p><img alt="x > src=" src="a"><img src="b&amp;c" style="s">'
    replaced = replace_images(content, {"a": 'https://x/?y=1&"', "b&c": "https://z"})
    assert replaced == (
        '<p>src="a"</p><img alt="x > src=" src="https://x/?y=1&amp;&quot;">'
        '<img src="https://z" style="s">'
    )


def test_what_stands_in_other_attributes_is_no_picture() -> None:
    content = '<p style="<img src="><img src="a"></p><td style="<img <img ">' + "<img " * 50_000
    replaced = replace_images(content, {"a": "b"})  # quadratic, this would take minutes
    assert replaced == content.replace('src="a"', 'src="b"')


def test_backgrounds_are_replaced_and_those_that_are_gone_leave_the_rest() -> None:
    style = "color:red;background:url(&quot;a&amp;b&quot;) no-repeat;width:1px"
    content = f'<p style="{style}">url(&quot;a&amp;b&quot;)</p><img alt="url(" src="a&amp;b">'
    replaced = replace_images(content, {"a&b": "https://x/?a=1&b=2"}, {"a&b"})
    assert replaced == content.replace(
        "(&quot;a&amp;b&quot;) no", "(&quot;https://x/?a=1&amp;b=2&quot;) no"
    ).replace('src="a&amp;b"', 'src="https://x/?a=1&amp;b=2"')
    gone = replace_images(content, {}, {"a&b"})
    assert gone == content.replace("background:url(&quot;a&amp;b&quot;) no-repeat;", "")
