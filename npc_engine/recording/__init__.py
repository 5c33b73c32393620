"""What games asked and what they were told, in a file, and the same asked again."""
