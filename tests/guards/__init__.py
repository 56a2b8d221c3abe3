"""Security guards as data: what each protects from, how to take it out, and the tests that must fail then.

`python -m tests.guards` (or `make guards`) takes them out one at a time and looks.
"""
