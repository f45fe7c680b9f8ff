"""Production as the prediction log shows it: rolled up to columns, joined with labels, and held to the package.

| module | says |
|---|---|
| `logfiles` | which files the log has, which of them are copies, and which are gone |
| `loglines` | the rows of one file, as Parquet by day and package |
| `sketches` | counts of a day that add up with those of other days and servers |
| `store` | what was rolled up, each file exactly once |
| `rollup` | the log into the store |
"""
