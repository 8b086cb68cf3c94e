"""How each documented status of each operation is got from the mock."""
