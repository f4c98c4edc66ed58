import tomllib
from pathlib import Path
from typing import get_args

from pydantic import TypeAdapter

from notify.channel_settings import ChannelSettings
from notify.kinds import KINDS, Channel
from notify.senders.dingtalk import DingTalkSettings
from server.settings import load_settings

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"


def test_each_type_of_the_union_has_its_kind() -> None:
    union, *_ = get_args(Channel)
    types = {get_args(model.model_fields["type"].annotation)[0]: model for model in get_args(union)}
    assert {name: kind.settings for name, kind in KINDS.items()} == types


def test_the_example_shows_every_key_of_every_type() -> None:
    entries = tomllib.loads(EXAMPLE.read_text("utf-8"))["channels"]
    shown = {entry["type"]: set(entry) for entry in entries}
    for name, kind in KINDS.items():
        for key, field in kind.settings.model_fields.items():
            assert key in shown[name], f"{name}: {key}"
            assert field.description or key == "type", key


def test_a_file_may_hold_a_channel_s_secret(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://oapi.dingtalk.com/robot/send?access_token=x\n")
    config = tmp_path / "config.toml"
    config.write_text(
        f'[[channels]]\nname = "ops"\ntype = "dingtalk"\nurl_file = "{tmp_path / "url"}"\n'
    )
    (channel,) = load_settings(config).channels
    assert isinstance(channel, DingTalkSettings)
    assert channel.url.get_secret_value().endswith("access_token=x")


def test_the_type_tells_what_an_entry_is() -> None:
    adapter: TypeAdapter[ChannelSettings] = TypeAdapter(Channel)
    made = adapter.validate_python(
        {"name": "a", "type": "dingtalk", "url": "https://oapi.dingtalk.com/robot/send"}
    )
    assert type(made) is KINDS["dingtalk"].settings
