"""What keeps a store tidy: flush, compaction, sweep, retention, and the thread that does them."""
