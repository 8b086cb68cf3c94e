"""Measures which documented statuses and response fields the mock answers with."""
