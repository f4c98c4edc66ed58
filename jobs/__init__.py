"""Durable work: jobs, what they do at WeChat and when, and who hears of it.

The engine first: `states`, `settings`, `intake` (jobs come in), `claim` (a job in hand), `engine`
(who works on what), `executor` (who is gone for good), `failures` (retry, wait or give up),
`family` (a batch and its items), `changes` (who wants to know).
Then the article: `submission` (what was asked for), `publish`, `drafting`, `release`, with `once`
(an effect at WeChat at most once), `reconcile` (what became of it) and `polling`. Small jobs:
`errand`, `draft_box`, `materials`; drafts that are there: `draft_publish`.
`schedules` and `scheduler` make jobs at their time. `library` knows what WeChat holds. `inbox`
takes WeChat's pushes in; `announce` and `deliver` tell webhooks.
`service` and `lists` are what handlers call, `view` what they answer with.
"""
