"""Numbers of things as text: "1 event", "2,000 events"."""


def counted(count: int, noun: str) -> str:
    """Write a number and a noun, with an s for all numbers but 1."""
    return f"{count:,} {noun}{'s' * (count != 1)}"
