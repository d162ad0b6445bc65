"""Reads lists of questions, and lists that were answered, as people keep them."""
