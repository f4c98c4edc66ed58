from wechat import limits
from wechat.catalogue import load_catalogue


def test_every_quota_is_of_a_known_path() -> None:
    catalogue = load_catalogue()
    assert [path for path in limits.DAILY_QUOTAS if catalogue.find(path) is None] == []


def test_a_picture_that_fits_an_article_fits_the_library_too() -> None:
    assert limits.UPLOADIMG_TYPES <= limits.MATERIAL_IMAGE_TYPES
    assert limits.THUMB_BYTES < limits.UPLOADIMG_BYTES < limits.MATERIAL_IMAGE_BYTES
