"""Calls to a wxgate gateway, and what `publish` does with a folder of Markdown."""
