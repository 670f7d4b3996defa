"""/v1/images: kept pictures, found, looked at, marked, thrown away."""
