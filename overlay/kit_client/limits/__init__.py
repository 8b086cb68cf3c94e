"""Keeping to the rate limit of the service, in a process and between several."""
