"""One way to people a file: chat robots, text messages, phones, webhooks; what they share."""
