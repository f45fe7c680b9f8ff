"""The rooms of the engine in one order: each imports only those that stand before it."""

ROOMS: dict[str, str] = {
    "": "what every room needs: errors, the contract with the use case, files, processes",
    "repository": "git by its own program, and the lock of the pipeline",
    "declared": "what people write in params.yaml and deploy/, read once and checked",
    "template": "where the machinery comes from, whose is what, and how a fork takes a later version",
    "exchange": "what server and follower say to each other; below both, so neither imports the other for it",
    "data": "rows, columns and tables; knows nothing of a model",
    "model": "estimators on columns that are ready",
    "package": "a trained model with its features, sealed: from here on nothing else is needed to predict",
    "stages": "what `dvc.yaml` runs: puts data, model and package together",
    "claims": "what the contract asks of any use case; the fork's tests/test_contract.py runs them",
    "registry": "versions and assignments as tags of git",
    "remote": "the bytes that git names, in a store",
    "serving": "a package behind HTTP",
    "scoring": "a package without HTTP: files, lines, and the trial before it takes traffic",
    "gate": "may this candidate replace production?",
    "report": "the gate's findings as Markdown and as a page",
    "experiments": "other parameters, and what features are worth; judged by the gate's statistics",
    "pipeline": "the pipeline as a whole: run, held to what is declared, and summed up",
    "release": "a candidate becomes a version, a version becomes production; asks the gate",
    "rollout": "production becomes what answers, step by step; reads what release wrote, moves what serving loads",
    "github": "release and report where GitHub runs them",
    "cluster": "serving and rollout as objects of Kubernetes",
    "commands": "one module per command: all rooms are below, and nobody imports it",
    "__main__": "the table of commands",
}
"""Each room with why it stands where it stands."""
