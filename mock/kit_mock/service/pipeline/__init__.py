"""The way of a request through the service, one module for each stage.

`answering` has the stages in their order. What a stage returns is a frozen msgspec struct: a request makes a handful of
them, in a sixth of the time of frozen attrs classes.
"""
