"""The keys of stores, and what is encrypted with them."""
