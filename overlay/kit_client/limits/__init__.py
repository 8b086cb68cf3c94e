"""Rate limiters, for one process or for several processes and machines."""
