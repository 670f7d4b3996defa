"""What the server asks of others on somebody's word: of the public internet alone."""
