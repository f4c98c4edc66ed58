"""Foreign bytes in: the one guarded HTTP client for pictures, webhooks and senders."""
