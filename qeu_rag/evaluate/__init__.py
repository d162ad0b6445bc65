"""Measures the consultant on questions whose answers are known: retrieval, answers, abstention and time."""
