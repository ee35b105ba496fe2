"""The keys of stores, and what is encrypted with them.

A store has one key. It lives in the user's key ring, never in the store's folder, so that a copied
folder reveals nothing. Keys derived from it seal recent batches and values in the catalog, wrap the
random key of each segment, and make fingerprints that mean nothing without it.
"""
