"""From finished pictures to A1111's answer, and to files that are kept."""
