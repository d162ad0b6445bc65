"""Scanned pages and pictures, by text recognition where it is installed."""
