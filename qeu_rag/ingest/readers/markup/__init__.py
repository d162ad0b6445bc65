"""Text files: their encodings, Markdown and TeX."""
