"""Segments: immutable pairs of Parquet files, their facts, and how they are written and read."""
