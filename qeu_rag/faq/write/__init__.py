"""Writes an answered list in each kind of file."""
