"""Measure cwnb beside its peers: `python -m benchmarks queries | ingest | puts`."""
