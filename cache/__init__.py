"""Short-lived state, Redis or memory: tokens, counters, statistics. All of it may be lost."""
