"""The rules of the mock, and how each is known."""
