"""The way of a request through the service, one module for each stage."""
