"""/v1/jobs: asking for pictures, following them, fetching them."""
