"""Mainline: the model on main is the model in production."""

import os

# Before its import: ONNX Runtime reports its use to its maker otherwise, and keeps an identifier of the machine.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
