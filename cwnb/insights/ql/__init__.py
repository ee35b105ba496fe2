"""Logs Insights QL: its tokens, its grammar, its text writer, and its restrictions."""
