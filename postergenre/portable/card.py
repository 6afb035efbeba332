"""The README.md of a model folder: a model card with the hub's metadata."""

from collections.abc import Mapping

LICENSE = "mit"
USE = """from postergenre import *

learn = {load}
learn.predict("poster.jpg")"""


def card_of(
    config: Mapping,  # what config.json says
    about: str = "",  # more sections, in Markdown: of data, figures, limits
    name: str = "model/",  # what the model is loaded by; "": it comes with the library
) -> str:
    "The text of a model card: what the model is, how it is used, what is known of it."
    from huggingface_hub import ModelCard, ModelCardData

    data = ModelCardData(
        license=LICENSE,
        library_name="postergenre",
        pipeline_tag="image-classification",
        tags=["movie-posters", "genres", "multi-label", "fastai"],
        metrics=["average_precision", "f1"],
    )
    genres, size = config["genres"], config.get("looks", {}).get("size")
    load, command = (f'from_pretrained("{name}")', f"{name} posters/") if name else ("load_pretrained()", "posters/")
    sees = f" It looks at pictures of {size[0]}x{size[1]} pixels." if size else ""
    text = f"""---
{data.to_yaml()}
---

# Movie genres from posters: {config["arch"]}

It says of a movie poster how probable each of {len(genres)} genres is; a poster may have several.{sees}

Genres: {", ".join(genres)}.

```python
{USE.format(load=load)}
```

From a shell: `python -m postergenre.predict {command}`. Nothing in this folder runs code when it is loaded: the
weights are safetensors, the rest is JSON and ONNX graphs.

{about or LIMITS}"""
    return ModelCard(text).content.rstrip() + "\n"


LIMITS = """## Limits

- A genre is what a database of movies said of the movie, not what a viewer would see on the poster.
- It was trained on posters of one source; on others (drawn covers, photographs) its probabilities are not calibrated.
- Do not use it to judge people: it knows nothing of those who are shown.
"""
