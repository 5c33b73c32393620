"""What the game asks of the daemon, and what becomes of it: talks, remarks in passing, descriptions, news."""
