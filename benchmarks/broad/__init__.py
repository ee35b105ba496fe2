"""The benchmark of seven sets of logs.

    command.py         the options of `python -m benchmarks`, and the order of the work
    files.py           the text, the Parquet and the store of a set, made once and kept
    question.py        what a question is; the questions stand in benchmarks/questions
    worker.py          one engine and one question in a process of its own
    runs.py            engines in turns, medians, answers compared (answers.py)
    report.py          lines, means and the table of docs/performance.md
    ingest.py          `python -m benchmarks ingest`, beside duckdb_reading.py

The peers stand in benchmarks/peers/over_parquet.py, and the makers of events in benchmarks/data.
"""
