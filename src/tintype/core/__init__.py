"""Plain values that rooms hand each other; no torch, no third parties."""
