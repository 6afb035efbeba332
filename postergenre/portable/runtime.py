"""ONNX Runtime as it is used here: it sends nothing home."""

import os


def onnx_runtime():
    "The module onnxruntime; since 1.32 it reports to its maker what it loads, unless it is told not to before that."
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # where it was imported already
    return onnxruntime
