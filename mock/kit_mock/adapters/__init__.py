"""Brings requests to the service: httpx transports, an ASGI application, a server."""
