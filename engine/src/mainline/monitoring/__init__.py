"""Production as the prediction log shows it: rolled up to columns, joined with labels, and held to the package.

| module | says |
|---|---|
| `logfiles` | which files the log has, which of them are copies, and which are gone |
| `loglines` | the rows of one file, as Parquet by day and package |
| `store` | what was rolled up, each file exactly once |
| `rollup`, `counters` | the log into the store, held to what servers counted |
| `label_feed` | what became known of events, and when |
| `events` | predictions with the labels that came after them |
| `reference` | what a package was made from, day by day |
| `support`, `drift`, `accuracy` | the checks |
| `verdict`, `inspection` | all checks of all versions, and the sentence that they make |
| `result`, `sections` | the document that is written, and its report |
"""
