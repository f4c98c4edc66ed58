from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from content.kinds import ArticleType, Crops, ImageSources, Products
from content.manuscript import Manuscript
from content.refusals import FrontMatterInvalid

# What only HTML can show stays as typed.
_PLAIN_OPTIONS = {
    "math": "off",
    "mermaid": "off",
    "code_header": False,
    "code_line_numbers": False,
    "captions": False,
}


class _Kind(BaseModel):
    model_config = ConfigDict(frozen=True)

    article_type: ArticleType | None = None
    images: ImageSources | None = None
    crops: Crops = {}
    products: Products = ()


def choose_kind(manuscript: Manuscript) -> None:
    """Settle whether it is news or a newspic, with what belongs to the kind.

    The front matter counts for what the caller left open; its `images` in a newspic alone, since
    blogs have pictures there for other ends. Raises FrontMatterInvalid.
    """
    given = {**manuscript.front_matter, **manuscript.fields}
    is_newspic = "images" in manuscript.fields or given.get("article_type") == "newspic"
    if not is_newspic:
        given.pop("images", None)
    kind = _read(given)
    manuscript.article_type = "newspic" if is_newspic else "news"
    manuscript.crops = {ratio: list(crop) for ratio, crop in kind.crops.items()}
    manuscript.products = [product.model_dump() for product in kind.products]
    if is_newspic:
        manuscript.named_images = list(dict.fromkeys(kind.images or ()))
        manuscript.options = manuscript.options.model_copy(update=_PLAIN_OPTIONS)


def _read(values: dict[str, Any]) -> _Kind:
    given = {name: values[name] for name in _Kind.model_fields if values.get(name) is not None}
    try:
        return _Kind.model_validate(given)
    except ValidationError as exc:
        fault = exc.errors()[0]
    field = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"]
    ).removeprefix(".")
    reason = f"{field}: {fault['msg'].removeprefix('Value error, ')}"
    raise FrontMatterInvalid(field=field, reason=reason[:200]) from None
