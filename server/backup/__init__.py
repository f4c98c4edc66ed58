"""Backups of the store in one file, and back again."""
