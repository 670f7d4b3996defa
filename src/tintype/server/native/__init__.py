"""Our own API: jobs with an id, a place, events, and letters at their end."""
