"""Answers: what a query gives back, and how it is shown as text, HTML and pictures."""
