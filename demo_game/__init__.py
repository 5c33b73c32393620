"""Oakhollow, a village to walk about in: the demo of the NPC engine, and the reference for a game that uses it."""
