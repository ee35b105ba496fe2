"""Store events: puts into the catalog, loads into segments, and the checks of both."""
