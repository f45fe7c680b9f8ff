"""The Open Inference Protocol over gRPC: calls in, with the same checks, keys, limits, log and metrics as HTTP."""
