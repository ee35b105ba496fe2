"""How the engine runs each command: row by row (`steps`), or over all rows (`barrier`)."""
