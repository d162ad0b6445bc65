"""From a question to scored chunks."""
