"""Offline Clerk- and WorkOS-shaped identity providers, for demos, development and CI without an account.

The sans-IO cores are `clerk_instance.py` and `workos_environment.py`; `clerk_app.py` and `workos_app.py` put them
behind the vendors' own paths; `control.py` adds what no real provider would offer.
"""
