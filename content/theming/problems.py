from core.errors import Text

# What becomes of a piece of a stylesheet that WeChat would drop, by the code of the Problem.
PROBLEMS: dict[str, Text] = {
    "syntax": Text("语法有误，已忽略", "broken CSS, left out"),
    "unreadable": Text(
        "括号嵌套太深或数字太长，整个样式表已忽略",
        "brackets too deep or numbers too long, the whole stylesheet is left out",
    ),
    "at_rule": Text("微信不认 @ 规则，已忽略", "WeChat knows no at-rules, left out"),
    "pseudo_element": Text("微信没有伪元素，已忽略", "WeChat has no pseudo-elements, left out"),
    "pseudo_class": Text("微信不认该伪类，已忽略", "WeChat knows no such pseudo-class, left out"),
    "selector": Text("文章里没有这样的元素，已忽略", "no element of an article is so, left out"),
    "custom_property": Text(
        "变量只在根元素上有效，已忽略", "variables count on the root alone, left out"
    ),
    "property": Text("微信不保留该属性，已忽略", "WeChat does not keep this property, left out"),
    "value": Text("微信不保留该取值，已忽略", "WeChat does not keep this value, left out"),
    "variable": Text("变量没有定义，已忽略", "a variable that nobody set, left out"),
    "too_many": Text("选择器过多，其后的已忽略", "too many selectors, the rest is left out"),
    "too_large": Text("样式表超过 64 KB，其后的已忽略", "over 64 KB, the rest is left out"),
}
