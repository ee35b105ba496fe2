"""Maintenance of a store: flush, compaction, sweep, retention, and the thread that does them."""
