"""Seeds, which fill a new database."""
