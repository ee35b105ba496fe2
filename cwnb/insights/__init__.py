"""The query languages, and the engine that answers them; opens no file."""
