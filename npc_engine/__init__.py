"""Real-time dialogue for game characters: a line by the deadline, always."""

__version__ = "0.1.0"
