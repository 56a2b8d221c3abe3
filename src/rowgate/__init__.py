"""Rowgate: your identity provider at the door, Postgres row-level security on every row."""
