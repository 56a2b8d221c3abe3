"""How Postgres is asked: embedded server, pipelined requests, catalog, SQL pieces, system schema, notifications."""
