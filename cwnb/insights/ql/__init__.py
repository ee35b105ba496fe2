"""The Logs Insights language: tokens, grammar, text, and its own restrictions."""
