"""What REST and GraphQL have in common because upstream serves both through PostgREST: settings, errors, refusals."""
