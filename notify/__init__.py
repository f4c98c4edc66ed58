"""Tells people what happens: by mail, chat robots, text messages and webhooks."""
