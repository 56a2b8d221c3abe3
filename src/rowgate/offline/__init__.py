"""Offline Clerk- and WorkOS-shaped identity providers, for demos, development and CI without an account."""
