"""The state: its database, its clock, and what falls due by that."""
