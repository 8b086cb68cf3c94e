"""The stages of a request, one module each. `App` and `answering` call them in order.

Stages return frozen msgspec structs: creating one takes a sixth of the time of a frozen attrs class.
"""
