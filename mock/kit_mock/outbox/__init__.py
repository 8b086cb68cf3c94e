"""What is sent to others: deliveries to webhooks and callbacks."""
