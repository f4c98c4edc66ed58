from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

DrawnAs = Literal["svg", "png", "off"]
CoverCrop = Literal["auto", "center", "off"]
FailurePolicy = Literal["fail", "keep", "placeholder"]


class RenderOptions(BaseModel):
    """How an article is made: `[content.options]`, an account's, `options` of an article.

    Each may give some of them; the nearest to the article counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code_header: bool = Field(True, description="three dots above code, as on a Mac's window")
    code_line_numbers: bool = Field(False, description="number the lines of code")
    code_wrap: bool = Field(False, description="break long lines of code instead of scrolling")
    link_references: bool = Field(
        True, description="list the links that WeChat drops at the end, numbered"
    )
    captions: bool = Field(True, description="show a picture's title below it")
    emoji: bool = Field(True, description="turn :smile: into the emoji")
    math: DrawnAs = Field("svg", description="formulas as SVG in the text, as PNG, or as typed")
    mermaid: DrawnAs = Field("png", description="diagrams as PNG, as SVG in the text, or as typed")
    space_cjk: bool = Field(False, description="a space between Chinese and Latin text")
    cjk_punctuation: bool = Field(
        False, description="full-width punctuation after Chinese, instead of half-width"
    )
    smart_quotes: bool = Field(False, description="typographic quotes for straight ones")
    image_quality: int = Field(85, ge=40, le=95, description="of pictures encoded anew")
    image_max_width: int = Field(
        0, ge=0, le=16_384, description="wider pictures are made smaller, in px; 0: as they are"
    )
    cover_crop: CoverCrop = Field(
        "auto",
        description="which part of the cover lists show, at 2.35:1 and 1:1: the one with most"
        " detail, the middle, or what WeChat takes by itself",
    )
    image_failure: FailurePolicy = Field(
        "fail",
        description="a picture that cannot be had: fail the article, keep its address (WeChat"
        " drops it), or show a placeholder",
    )
    mend: bool = Field(False, description="mend what lint finds, where the meaning stays")

    def given(self) -> dict[str, object]:
        """Only what was set."""
        return self.model_dump(exclude_unset=True)
