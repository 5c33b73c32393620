"""One file per operation a game can ask for."""
