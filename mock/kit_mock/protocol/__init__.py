"""HTTP and the document: what a request and an answer are, and what the document says of them. No state."""
