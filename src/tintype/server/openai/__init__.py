"""OpenAI's images API: its clients' words, our pictures; built on the calls of A1111."""
