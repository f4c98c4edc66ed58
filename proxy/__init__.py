"""The life of one call: routing, auth, tokens, upstream, response; `call` joins them."""
