"""The benchmark of seven sets: their files and stores, the runs, and what they come to."""
