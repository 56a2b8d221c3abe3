"""The PostgREST dialect at /rest/v1: request → plan → sql → response."""
