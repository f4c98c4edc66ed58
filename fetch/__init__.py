"""Foreign bytes in: the one guarded HTTP client for pictures, webhooks and senders.

A URL passes `urls` (is it well formed and on an allowed port), its host `backend` (are all of its
addresses public, by `addresses`), the bytes come over `transport` and are judged by `client`.
"""
