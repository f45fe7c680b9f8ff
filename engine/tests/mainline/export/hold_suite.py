"""Hold rows to a suite by Great Expectations itself; run by the Python that has `tools.txt`.

`python hold_suite.py SUITE.json ROWS` reads Parquet, one file or a folder of them, prints how many expectations were
held, and a line of JSON for each that was not met: its type and what it was asked with.
"""

import json
import sys
from pathlib import Path

import great_expectations
import pandas

context = great_expectations.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
suite = context.suites.add(great_expectations.ExpectationSuite(**json.loads(Path(sys.argv[1]).read_text())))
rows = Path(sys.argv[2])
frame = pandas.concat([pandas.read_parquet(file) for file in sorted(rows.glob("*.parquet")) or [rows]])
source = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
batch = source.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
result = batch.validate(suite)
print(len(result.results))
for one in result.results:
    if not one.success:
        asked = {name: value for name, value in one.expectation_config.kwargs.items() if name != "batch_id"}
        print(
            json.dumps([one.expectation_config.type, asked.get("column"), one.exception_info.get("raised_exception")])
        )
