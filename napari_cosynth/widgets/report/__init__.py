"""All about one tile, in words."""
