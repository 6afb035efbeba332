"""A model by its folder: its graphs where it has some, else torch."""

from pathlib import Path

from postergenre.portable.folder import is_folder
from postergenre.portable.light import light_model


def open_model(
    model,  # a learner or ensemble, which is given back; or a folder that save_pretrained wrote
    engine: str = "auto",  # of a folder: "torch", "onnx", or "auto", which is onnx where the folder has graphs
    views: str | None = None,  # with which it will be asked
):  # ValueError: a file, which would run code; else as from_pretrained and LightModel
    "What answers for a model."
    if not isinstance(model, str | Path):
        return model
    if not is_folder(model):
        raise ValueError(
            f"{model} is no folder that save_pretrained wrote; a file of learn.export runs code when it is loaded: "
            "pass load_learner(file) if you trust it"
        )
    light, _ = light_model(model, engine, views)
    if light is not None:
        return light
    from postergenre.inference.pretrained import from_pretrained  # and with it torch

    return from_pretrained(model)
