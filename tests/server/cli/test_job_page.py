from server.cli.job_page import page


def test_a_page_shows_each_article_and_runs_nothing() -> None:
    news = {"title": "甲 <b>", "digest": "摘要", "html": "<p>正文</p>", "text": "", "pictures": 0}
    newspic = {"title": "乙", "digest": "", "html": "", "text": "1 < 2", "pictures": 2}
    shown = page({"action": "publish", "articles": [news, newspic]})
    assert "<title>甲 &lt;b&gt; · 乙</title>" in shown
    assert "<p>正文</p>" in shown
    assert "1 &lt; 2" in shown
    assert "default-src 'none'" in shown
    assert "script-src" not in shown
