"""Speed and memory, each figure by one command: `python -m benchmarks.<name>`, all of them by `make bench`."""
