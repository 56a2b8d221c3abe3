"""The schema that a graph gives, a file for each family of types: Graph → Schema."""
