"""What calls of all our APIs have in common: waiting, repeating, remembering, telling later."""
