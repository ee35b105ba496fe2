"""The words that an editor colours and completes by itself, while the kernel may be busy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cwnb.insights import completion_tables
from cwnb.notebook.highlighting import editor_words

if TYPE_CHECKING:
    from cwnb.insights import Vocabulary


def words_of(vocabulary: Vocabulary) -> dict[str, Any]:
    """Give the words of the language, and the names of a store, as `EditorView` takes them."""
    return {"words": editor_words(), **completion_tables(vocabulary)}
