"""Ways in: puts into the catalog, loads into segments, and what is checked on the way."""
