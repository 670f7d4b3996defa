"""From A1111's body to the work it asks for."""
