"""Puts state into a mock from Python."""
