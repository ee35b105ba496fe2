"""Metric filters: numbers by the minute of the events that match a filter pattern."""
