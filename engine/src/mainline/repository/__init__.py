"""The repository that commands run in: git by its own program, and the lock of the pipeline."""
