"""Measurements of Tintype, each with its yardstick in the same run."""
