"""The ways by which requests reach the service: httpx transports, ASGI, a server."""
