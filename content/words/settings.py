from pydantic import BaseModel, ConfigDict, Field


class WordSettings(BaseModel):
    """`[content.words]` of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str = Field(
        "",
        description="folder of word lists: its *.txt hold for all articles, those of a folder in"
        " it that is named like an account for that account's; empty: none",
    )
    builtin: bool = Field(
        False, description="use the list that comes along too: what WeChat's reviewers look for"
    )
    separators: bool = Field(
        True, description="find words whose characters were set apart, as in 敏 感*词"
    )
