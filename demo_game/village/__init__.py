"""Where things are in Oakhollow: maps, places, doors, and the ways between them."""
