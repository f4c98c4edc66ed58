import pytest

from content.theming.style import clean_style


@pytest.mark.parametrize(
    "style",
    [
        "background:url(//evil)",
        "background:URL (//evil)",
        "background:\\75rl(//evil)",
        "background:image-set('//evil' 1x)",
        "background:image('//evil')",
        "width:expression(alert(1))",
        "color:rgb(1,url(//evil))",
        "behavior:url(x)",
        "position:fixed",
        "--x:1",
        "display:flex",
        "display:INLINE-GRID",
        "color:red}p{color:blue",
        "color:</style>",
        "color",
        "",
        "color:" + "x" * 5_000,
    ],
)
def test_what_loads_hides_or_dies_is_dropped(style: str) -> None:
    assert clean_style(style) is None


@pytest.mark.parametrize(
    "style",
    [
        "color:rgba(1,2,3,.5)",
        "width:calc(100% - (2px + 3px))",
        "font:14px/1.6 'PingFang SC',宋体,serif",
        "border:1px solid hsl(120,50%,50%)",
        "box-shadow:0 1px 2px rgba(0,0,0,.2)",
    ],
)
def test_what_wechat_keeps_is_kept(style: str) -> None:
    assert clean_style(style) == style
