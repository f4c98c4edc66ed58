"""Markdown to article: `pipeline` lists the steps in order, a file a step."""
