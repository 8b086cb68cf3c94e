"""HTTP messages and the OpenAPI document: reads, checks and routes requests. Holds no state."""
