"""Authorization with OAuth 2: the flow, the tokens, and where they are kept."""
