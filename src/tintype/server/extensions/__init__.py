"""Calls of well-known extensions of A1111: answered honestly by a server that has none of them."""
