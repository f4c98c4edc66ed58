"""Durable work: the engine, and the publishing of an article from Markdown to its URL.

The engine first: `states`, `settings`, `claim` (a job in hand), `engine` (who works on what),
`executor` (who is gone for good), `failures` (retry, wait or give up), `changes` (who wants to
know). Then the article: `once` (an effect at WeChat at most once), `reconcile` (what became of
it), `polling`, `publish`. `service` is what handlers call, `view` what they answer with.
"""
