"""What one role sees of the database, in GraphQL's terms: catalog, rights and comment directives → Graph."""
