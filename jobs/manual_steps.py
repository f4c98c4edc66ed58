from core.errors import Text

# Menu names as on mp.weixin.qq.com, read 2026-11.
_STEPS = (
    Text(
        "打开 https://mp.weixin.qq.com ，用公众号管理员或运营者的微信扫码登录",
        "open https://mp.weixin.qq.com and log in by scanning the code as an administrator",
    ),
    Text(
        "进入「内容管理 → 草稿箱」，找到《{title}》",
        "go to 内容管理 → 草稿箱 (drafts) and find “{title}”",
    ),
    Text(
        "点开预览确认后，点「发表」并扫码确认",
        "look at it, then click 发表 (publish) and confirm by scanning the code",
    ),
)


def steps_by_hand(title: str) -> dict[str, list[str]]:
    """The clicks that remain when an account may not publish by API, in both languages."""
    values: dict[str, object] = {"title": title}
    return {
        "zh": [step.fill("zh", values) for step in _STEPS],
        "en": [step.fill("en", values) for step in _STEPS],
    }
