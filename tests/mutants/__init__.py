"""The power of the contract suite: a mock that lies in one place at a time, and a count of the lies that are caught."""
