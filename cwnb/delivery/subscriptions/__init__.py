"""Subscriptions: what becomes visible in a log group is sent to a target, at least once."""
