"""A project on disk: supabase/config.toml, environment and folders become frozen Settings."""
