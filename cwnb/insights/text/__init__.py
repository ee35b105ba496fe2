"""Text: regular expressions, and what `parse` takes out of it."""
