"""From scored chunks to a checked answer, or an abstention."""
