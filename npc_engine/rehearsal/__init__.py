"""Dialogue tests: what a character must know, say and never say in a given situation."""
