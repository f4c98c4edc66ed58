"""The themes, a stylesheet each: literal values only, since WeChat knows no `var()`."""
