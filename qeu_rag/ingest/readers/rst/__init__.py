"""reStructuredText, as Sphinx handbooks have it."""
