"""The one guarded outgoing fetch."""
