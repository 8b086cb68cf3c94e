"""Answers requests: authentication, limits, faults, the record of requests."""
