"""Facts of the upstream, each with its source, and typed clients over the Protocol `Call`.

Read `catalogue` (every API path), `errcodes`, `limits`, then `call` (how a call may end) and the
clients `material`, `draft`, `freepublish` built on it.
"""
