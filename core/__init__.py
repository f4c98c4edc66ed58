"""Small things that every folder needs: errors, clock, ids, secrets, logging, metrics, tasks.

A file enters only when three folders need it. Nothing here imports anything of ours.
"""
