from content.manuscript import Body, Manuscript
from content.pictures.source import judge_source
from content.plain_text import plain_text
from content.refusals import NewspicWithoutImages, TooManyImages
from content.steps.images import list_images
from content.steps.title import take_title
from wechat.limits import NEWSPIC_IMAGES


def write_newspic(manuscript: Manuscript) -> None:
    """Part a 小绿书 into its pictures and a plain text.

    Raises ImageSourceForbidden, NewspicWithoutImages, TooManyImages.
    """
    body = Body(manuscript.html)
    take_title(manuscript, body)
    list_images(manuscript, body)
    _choose_images(manuscript)
    manuscript.html = plain_text(body)
    if not manuscript.html:
        # WeChat wants a text; its readers see the title in any case.
        manuscript.html = manuscript.string("title")


def _choose_images(manuscript: Manuscript) -> None:
    """The pictures that were named, else those of the text."""
    named = manuscript.named_images
    manuscript.images = [image for image in manuscript.images if image.get("place") != "background"]
    if named:
        for index, src in enumerate(named):
            judge_source(src, field=f"images[{index}]")
        if any(image["src"] not in named for image in manuscript.images):
            manuscript.warn(
                "text_images_left_out",
                "已用 images 里的图片，正文里的其他图片没有用",
                "the pictures are those of images; others in the text are left out",
                field="images",
            )
        manuscript.images = [{"src": src, "alt": ""} for src in named]
    if not manuscript.images:
        raise NewspicWithoutImages(field="images")
    if len(manuscript.images) > NEWSPIC_IMAGES:
        raise TooManyImages(field="images", count=len(manuscript.images), limit=NEWSPIC_IMAGES)
