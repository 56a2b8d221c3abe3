"""GraphQL at /graphql/v1: pg_graphql's dialect, compiled to SQL outside of Postgres.

The walk: request → document → plan → sql → `postgres.run` → response. Beside it, once per role and
catalog: catalog and rights → `reflection/` → Graph → `definition/` → Schema.
"""
