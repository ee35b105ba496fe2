"""How the engine runs each command: row by row, or as a barrier over all rows."""
