"""The rules of an account's state, for requests, seeds and `add` alike."""
