"""A WeChat to try on: a strict simulator of the Official Account API with faults and a ledger."""
