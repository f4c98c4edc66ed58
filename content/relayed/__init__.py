"""Drafts and uploads that a tool relays ready-made, looked after on request (docs/adr/0013).

fields (the strings of the JSON that matter) → markup (pictures and wrappers in the HTML) → scan
(both, in a worker process) → care (brings the pictures, writes their places, lints) · uploads.
"""
