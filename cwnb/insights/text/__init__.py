"""Regular expressions, and the extraction of fields from text by `parse`."""
