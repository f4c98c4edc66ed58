from content.words.settings import WordSettings


def test_without_settings_there_are_no_words() -> None:
    settings = WordSettings()
    assert (settings.folder, settings.builtin, settings.separators) == ("", False, True)
