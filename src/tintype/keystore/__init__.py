"""API keys on disk, for the command line and the server."""

from tintype.keystore.store import KEYS_FILE, PREFIX, Key, KeyStore

__all__ = ["KEYS_FILE", "PREFIX", "Key", "KeyStore"]
