"""How tests/inference/golden was made, once, with the first format: `python tests/inference/make_golden.py FOLDER`.

Those folders are never made again: a later format gets folders of its own beside them.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from fastai.torch_core import set_seed

from postergenre import PosterDataLoaders, PosterEnsemble, custom_cnn_learner, draw_poster, probe_learner
from postergenre.layers import RBFFeatures, Standardize

GENRES = ["Comedy", "Drama", "Horror"]


def main(folder: Path) -> None:
    "Write an ensemble of a network, a probe with a kernel and one of words, a poster, and what each says of it."
    folder.mkdir(parents=True)
    rows = []
    for i in range(8):
        file = folder / f"{i}.png"
        draw_poster([GENRES[i % 3]], seed=i, size=(120, 176), title="NIGHT" if i % 3 == 2 else "LOVE").save(file)
        rows.append((str(i), str(i), file, [GENRES[i % 3]], "valid" if i > 5 else "train"))
    movies = pd.DataFrame(rows, columns=["id", "title", "poster", "genres", "split"])
    movies.attrs["vocab"] = GENRES
    set_seed(1)
    cnn = custom_cnn_learner(PosterDataLoaders.from_movies(movies, size=64, bs=2, num_workers=0))
    cnn.loss_func.scale, cnn.loss_func.bias = torch.tensor([0.5, 1.0, 2.0]), torch.tensor([-0.25, 0.0, 0.5])
    cnn.thresh = torch.tensor([0.3, 0.5, 0.4], dtype=torch.float64)
    whole = PosterDataLoaders.from_movies(movies, size=(96, 64), crop="whole", bs=2, num_workers=0)
    probe, words = probe_learner(whole, stages=False), probe_learner(whole, "words")
    x = torch.randn(2, probe.model.widths[0])
    likeness = RBFFeatures(x, torch.eye(2), 1e-3)
    probe.model.head = torch.nn.Sequential(Standardize.fit(x), likeness, torch.nn.Linear(2, 3))
    torch.nn.init.normal_(words.model.head.weight)
    ensemble = PosterEnsemble([cnn, probe, words], weights=[0.5, 0.75, 1.0], pool="odds")
    ensemble.members[0].save_pretrained(folder / "network")
    ensemble.save_pretrained(folder / "ensemble", onnx=False)
    poster = movies["poster"].iloc[2]
    said = {"network": cnn, "member-1": probe, "member-2": words, "ensemble": ensemble}
    asked = pd.DataFrame({"poster": [poster]})
    probs = {name: np.float64(learn.probs(asked, progress=False)[0][0]).tolist() for name, learn in said.items()}
    (folder / "expected.json").write_text(json.dumps(probs, indent=1) + "\n")
    poster.rename(folder / "poster.png")
    for file in folder.glob("[0-9].png"):
        file.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
