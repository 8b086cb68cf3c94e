"""Seeds: what a new database holds from the start."""
