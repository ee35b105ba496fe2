"""Ways out of a store: subscriptions and export tasks. Knows no queries."""
