"""A small tree of the user's code: what a rule judges, as plain values that a cache can keep.

`lower_statements` makes it from Python's own parser, for the functions that matter and for nothing else. It has
no comments and no formatting: what rewrites code reads the source (see `fixes`), not this tree.
"""
