"""One introspection of the database, shared by every dialect."""
