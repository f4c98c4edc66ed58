from content.theming.codes import PALETTES
from content.theming.gallery import Gallery
from server.themes_page import themes_page


def test_every_theme_is_on_the_page_in_light_and_in_the_dark() -> None:
    gallery = Gallery()
    page = themes_page(gallery)
    for theme in gallery.themes():
        assert f"<b>{theme.name}</b><br>{theme.title.zh} — " in page
    assert page.count('class="phone light"') == len(gallery.themes()) + len(PALETTES)
    assert page.count('class="phone light"') == page.count('class="phone dark"')
    # Nothing is loaded: what stands as a link in the sample is a reference by now.
    assert "href=" not in page
    assert "src=" not in page
