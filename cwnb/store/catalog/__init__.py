"""The SQLite file of a store: a file for each family of tables.

SQL stands in this folder and nowhere else. The functions of a family take a connection that
`Catalog.read` or `Catalog.write` gave, so that several of them make one transaction.
"""

from __future__ import annotations

from cwnb.store.catalog.connection import Catalog

__all__ = ["Catalog"]
