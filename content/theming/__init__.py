"""Stylesheets for articles: read, put into what WeChat understands, written into the elements.

Order: library (which themes there are) → sheet (one stylesheet compiled; selectors, values and
properties say how) → fold (what children inherit is not said again).
"""
