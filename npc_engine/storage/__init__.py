"""What characters remember and how each save slot stands, on disk; and the saves that games keep for themselves."""
