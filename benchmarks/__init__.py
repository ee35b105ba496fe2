"""Measure cwnb beside its peers: `python -m benchmarks`, and see `__main__.py` for more."""
