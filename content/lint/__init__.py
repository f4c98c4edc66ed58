"""What is wrong with an article, all of it at once: a file for each topic, `registry` lists them.

A rule is data (rule.py): id, level, texts, source. A check is a function that looks at the page
(page.py: the source, its elements and the article made of it) and yields findings of its rules.
"""
