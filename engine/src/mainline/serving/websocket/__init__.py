"""Predictions over a WebSocket: messages in, with the same checks, keys, limits, log and metrics as `POST /predict`."""
