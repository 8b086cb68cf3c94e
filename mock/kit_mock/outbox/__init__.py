"""Deliveries to webhooks and callbacks: the queue, and the threads that send it."""
