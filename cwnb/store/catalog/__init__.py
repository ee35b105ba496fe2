"""The SQLite file of a store. SQL stands in this folder and nowhere else."""
