"""/v1/presets: fields of a job under a name."""
