"""Words that must not, or should not, stand in an article: lists, matching, places in the source.

The serving process reads the lists (`shelf`); workers match (`matcher`), since articles are theirs.
"""
