"""Manners shared by all that is served: prefixes, CORS, request ids, limits, errors."""
