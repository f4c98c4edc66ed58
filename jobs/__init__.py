"""Durable work: the engine, and the publishing of an article from Markdown to its URL."""
