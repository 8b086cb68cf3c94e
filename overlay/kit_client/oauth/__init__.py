"""OAuth 2: authorization, tokens, and token stores."""
