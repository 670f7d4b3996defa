"""A1111's HTTP API over our jobs."""
