"""What WeChat changed: the HTML that was sent beside the HTML that it kept. Runs in a worker.

`pieces` reads HTML as a flat list, `normal` writes values in one spelling, `compare` finds out what
is gone; `changes` asks a worker for it.
"""
