"""Speed and memory: a figure by `python -m benchmarks.<name>`, all of them by `make -C engine bench`."""
