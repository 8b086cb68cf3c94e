"""The service: authentication, rate limits, faults, and the log of requests."""
