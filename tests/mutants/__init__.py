"""Measures how many faults of a server the contract suite finds: a mock tells one lie at a time, and caught lies are counted."""
