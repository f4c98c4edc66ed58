from typing import NamedTuple

from pydantic_core import ErrorDetails

from core.errors import Text

# What pydantic says, by the type of its error; the English is its own.
_CHINESE = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这个配置项，检查拼写",
    "greater_than": "必须大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than": "必须小于 {lt}",
    "less_than_equal": "不能大于 {le}",
    "string_pattern_mismatch": "格式不对，应符合 {pattern}",
    "string_too_short": "至少 {min_length} 个字符",
    "string_type": "应为文字，写在引号里",
    "literal_error": "只能是 {expected}",
    "enum": "只能是 {expected}",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "float_parsing": "应为数字",
    "float_type": "应为数字",
    "bool_parsing": "应为 true 或 false",
    "bool_type": "应为 true 或 false",
    "tuple_type": "应为列表，写在 [ ] 里",
    "frozen_set_type": "应为列表，写在 [ ] 里",
    "dict_type": "应为一张表",
    "model_type": "应为一张表",
    "too_short": "至少 {min_length} 项",
    "union_tag_not_found": "缺少 type",
    "union_tag_invalid": "type 只能是 {expected_tags}",
    "ip_any_network": "应为网段，如 10.0.0.0/8",
}


class Fault(NamedTuple):
    """One thing that is wrong, or odd, with the configuration."""

    key: str  # as in TOML: accounts[0].app_id
    problem: Text


class BadConfigurationError(Exception):
    """The configuration cannot be used; holds every fault that was found."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{fault.key}: {fault.problem.en}" for fault in faults))


def fault_of(error: ErrorDetails) -> Fault:
    """What pydantic found, without the value it found it in.

    A validator of ours gives both languages in one message, "中文 / English".
    """
    english = error["msg"].removeprefix("Value error, ")
    chinese, both, rest = english.partition(" / ")
    if both:
        return Fault(key_of(error["loc"]), Text(chinese, rest))
    known = _CHINESE.get(error["type"], english)
    return Fault(key_of(error["loc"]), Text(known.format_map(error.get("ctx", {})), english))


def key_of(location: tuple[int | str, ...]) -> str:
    """("accounts", 0, "app_id") as `accounts[0].app_id`."""
    key = ""
    # Behind a channel's number pydantic names its type, which is no key.
    of_channel = location[:1] == ("channels",)
    for part in (*location[:2], *location[3:]) if of_channel else location:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else part
    return key
