"""A WeChat to try on: a strict simulator of the Official Account API with faults and a ledger.

In reading order: `settings` (what may be configured), `store` and `world` (its state), `api` (the
life of one call), then a file a family: `tokens`, `media`, `material`, `drafts`, `freepublish`,
`openapi`, `menu`, `datacube`, `sns`. Around them: `faults` (what goes wrong), `control` (the calls
under /sandbox), `pages` (what a reader sees), `server` (real sockets).
"""
