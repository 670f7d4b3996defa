"""The calls A1111's page makes for itself, as far as other clients make them too."""
