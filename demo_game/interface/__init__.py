"""Text, panels and menus over the village."""
