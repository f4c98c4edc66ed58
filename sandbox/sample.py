from importlib import resources


def sample_article(base_url: str) -> str:
    """The sample article as Markdown, its pictures served by the sandbox at `base_url`."""
    text = resources.files("sandbox").joinpath("sample", "article.md").read_text("utf-8")
    # Not str.format: the article's code blocks have braces of their own.
    return text.replace("{base}", base_url)
