"""What a query leaves in memory for later ones, and finds there of earlier ones.

`fingerprint`: a key for commands, such that equal keys mean equal answers. `answers`: the rows of
a whole pipeline up to its first barrier. `rows`: of each task, the rows that filters have left and
the columns that commands have made. The source says how long all this is kept, and how much.
"""
