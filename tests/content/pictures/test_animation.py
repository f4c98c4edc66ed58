from dataclasses import replace
from io import BytesIO

from PIL import Image, ImageSequence

from content.pictures.animation import shrink_animation
from content.pictures.target import ARTICLE, COVER, DEFAULT_OPTIONS, PictureOptions
from tests.content.conftest import moving


def test_a_narrower_one_keeps_its_frames_times_and_loops() -> None:
    made = shrink_animation(moving(5), ARTICLE, PictureOptions(85, 30))
    assert made is not None
    with Image.open(BytesIO(made)) as image:
        assert (image.size, image.info["loop"]) == ((30, 20), 0)
        assert [frame.info["duration"] for frame in ImageSequence.Iterator(image)] == [80] * 5


def test_what_has_more_to_make_than_can_be_loses_frames_and_no_time() -> None:
    made = shrink_animation(moving(28, size=(640, 480)), ARTICLE, PictureOptions(85, 639))
    assert made is not None
    with Image.open(BytesIO(made)) as image:
        durations = [frame.info["duration"] for frame in ImageSequence.Iterator(image)]
    assert len(durations) == 14
    assert sum(durations) == 28 * 80


def test_where_it_cannot_stay_an_animation_there_is_none() -> None:
    assert shrink_animation(moving(), COVER, DEFAULT_OPTIONS) is None
    small = replace(ARTICLE, max_animation_bytes=500)
    assert shrink_animation(moving(), small, DEFAULT_OPTIONS) is None


def test_one_with_more_pixels_than_a_second_decodes_is_left_alone() -> None:
    data = bytearray(moving(30))
    data[6:10] = b"\xff\x3f\xff\x00"  # the screen: 16 383 × 255
    assert shrink_animation(bytes(data), ARTICLE, PictureOptions(85, 30)) is None
