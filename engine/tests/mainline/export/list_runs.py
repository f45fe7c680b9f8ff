"""Print the runs of an experiment as MLflow's own client finds them; run by the Python that has `mlflow.txt`.

`python list_runs.py URL EXPERIMENT` prints a list in JSON, the newest first: number, experiment, name, status, start,
end, params, metrics, tags and data (name, digest, use) of each run.
"""

import json
import sys

from mlflow import MlflowClient

client = MlflowClient(tracking_uri=sys.argv[1])
experiment = client.get_experiment_by_name(sys.argv[2])
assert experiment is not None
listed = client.search_runs([experiment.experiment_id])
print(
    json.dumps(
        [
            {
                "id": run.info.run_id, "experiment": run.info.experiment_id, "name": run.info.run_name,
                "status": run.info.status,
                "start": run.info.start_time, "end": run.info.end_time, **run.data.to_dictionary(),
                "data": [
                    [one.dataset.name, one.dataset.digest, one.tags[0].value] for one in run.inputs.dataset_inputs
                ],
            }
            for run in listed
        ]
    )
)  # fmt: skip
