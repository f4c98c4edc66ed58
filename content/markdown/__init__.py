"""Markdown as WeChat authors write it: a file for each piece of syntax, on markdown-it-py."""
