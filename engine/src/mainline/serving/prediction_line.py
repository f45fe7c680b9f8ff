"""The line of the prediction log for one request: enough to compute each of its rows again."""

from typing import Any

import orjson

from mainline.contract import Array
from mainline.data.pseudonyms import Pseudonyms
from mainline.package.responses import Prediction
from mainline.serving.answering.batching import Share
from mainline.serving.answering.messages import Request
from mainline.serving.answering.model import Model


def log_line(model: Model, request: Request, share: Share, seconds: float, hide: Pseudonyms | None = None) -> bytes:
    """Write the line of the prediction log for a request of n rows: enough to compute each of them again.

    Inputs, features, predictions and stale tables are lists of n values, one per row, under one name each: less
    than a third of the bytes and of the time of an object per row. In the place of what is personal stand hashes,
    which `hide` makes; of a feature that is a number stands nothing.
    """
    answer, part = share.answer, slice(share.start, share.stop)
    inputs: Any
    features: Any
    if share.stop - share.start == 1 and hide is None and answer.row_texts is not None:
        inputs, features = answer.row_texts[share.start]
    else:
        inputs = {name: values[part] for name, values in answer.given.items()}
        features = {name: column[part] for name, column in answer.wide_features.items()}
        if hide is not None:
            inputs, features = _hidden(model, inputs, features, hide)
    line = {
        "time": answer.time,
        "request_id": request.id,
        "trace_id": request.trace[3:35],
        "key": request.key.id,
        "model": model.name,
        "version": model.version,
        "digest": model.digest,
        "seconds": seconds,
        "inputs": inputs,
        "features": features,
        **_predictions(model, answer.predictions[part]),
        "stale": [pattern.stale for pattern in answer.patterns[part]],
    }
    if model.unusual:
        line["unusual"] = model.unusual.by_row(answer.unusual, share.start, share.stop)
    if request.experiment:
        line["experiment"], line["client"] = request.experiment[0], request.experiment[1].client
    return orjson.dumps(line, _plain, orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE)


def _hidden(
    model: Model, inputs: dict[str, Any], features: dict[str, Any], by: Pseudonyms
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the inputs and features of n rows without what is personal of them."""
    sent = {
        field.name: by.logged(field, inputs[field.name])
        for field in model.predictor.request if field.name in model.personal
    }  # fmt: skip
    seen = {name: _hide_feature(name, features[name], by) for name in features if name in model.personal}
    return inputs | sent, features | seen


def _hide_feature(name: str, values: Any, by: Pseudonyms) -> list[str | None]:
    return [by.text(name, value) if isinstance(value, str) and value else None for value in values]


def _predictions(model: Model, predictions: list[Prediction]) -> dict[str, Any]:
    """Return the members for n predictions: numbers, or classes beside the n probabilities of each."""
    if not model.classes:
        return {"prediction": predictions}
    shares = {str(name): [found["probabilities"][str(name)] for found in predictions] for name in model.classes}
    return {"prediction": [found["class"] for found in predictions], "probabilities": shares}


def _plain(column: Array) -> list[Any]:
    """Turn a column that orjson does not write, such as one of text, into a list."""
    return column.tolist()
