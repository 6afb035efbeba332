"""`save_pretrained` and `push_to_hub`, as huggingface_hub names them: a learner as a folder that runs no code."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from postergenre.data.demo.make import draw_poster
from postergenre.data.files import write_folder_whole, write_text
from postergenre.data.terminal import wrapped
from postergenre.portable.bodies import without_body
from postergenre.portable.card import card_of
from postergenre.portable.folder import CARD, CONFIG, GRAPH, read_config
from postergenre.portable.graphs import onnx_bytes
from postergenre.portable.light import LightModel
from postergenre.portable.tensors import write_folder

CLOSE = 1e-4  # greatest difference of a probability between a learner and its graphs
CHECKED = 4  # posters on which they are compared


class SavePretrained:
    "What learners and ensembles do to be kept in files that run no code; `from_pretrained` reads them."

    def save_pretrained(
        self,
        save_directory: str | Path,  # folder; files of the same names in it are replaced
        include_bodies: bool = False,  # copy frozen networks that come in packages; else they are named, with a digest
        onnx: bool = True,  # write graphs too, with which predictions need no torch; what cannot be exported is said
        about: str = "",  # what the card, README.md, says of data, figures and limits, in Markdown
    ) -> Path:  # the folder. ValueError: it has parts that only learn.export can write
        "Write the learner as a folder: config.json, model.safetensors, model.onnx, README.md."
        folder = Path(save_directory).expanduser()
        with write_folder_whole(folder, CONFIG) as whole:
            config = self.write_model(whole, str(folder), include_bodies, onnx)
            write_text(whole / CARD, card_of(config, about))
        return folder

    def push_to_hub(
        self,
        repo_id: str,  # user/name
        private: bool | None = None,  # None: as the account's settings say
        token: str | None = None,  # None: that of `hf auth login`
        branch: str | None = None,  # made if there is none; None: main
        commit_message: str = "Push model using postergenre.",
        **kwargs,  # of save_pretrained
    ):  # huggingface_hub's CommitInfo
        "Save the model and upload it to the Hugging Face hub; the repository is made if there is none."
        from huggingface_hub import HfApi

        api = HfApi(token=token)
        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(folder, **kwargs)
            repo = api.create_repo(repo_id, private=private, exist_ok=True).repo_id
            if branch is not None:
                api.create_branch(repo, branch=branch, exist_ok=True)
            write_text(Path(folder) / CARD, card_of(read_config(folder), kwargs.get("about", ""), repo))
            return api.upload_folder(
                repo_id=repo, folder_path=folder, commit_message=commit_message, revision=branch, repo_type="model"
            )

    def write_model(
        self,
        folder: Path,
        called: str,  # what the folder will be called
        include_bodies: bool,
        onnx: bool,
    ) -> dict:  # what config.json says
        "Write config.json, tensors and graphs."
        config, tensors = self.pack(include_bodies)
        graphs = {}
        if onnx:
            try:
                config["graphs"], graphs, difference = pack_graphs(self, config)
                said = f"{called}: graphs written; on {CHECKED} posters their probabilities differ by {difference:.1e}"
            except (ImportError, ValueError) as e:
                said = f"{called} has no {GRAPH}: {e}"
            print(wrapped(said))
        return write_folder(folder, config, tensors, graphs)


def pack_graphs(learn, config: dict, bodies: bool = False) -> tuple[list[dict], dict[str, bytes], float]:
    """What config.json says of a learner's graphs, their files, and how far their probabilities are from the learner's.

    bodies: weights that come in packages stand in the graphs too, which else name them. ImportError: a package is
    missing; ValueError: it cannot be exported, or differs from the learner.
    """
    graphs, listed, files = learn.graphs(config), [], {}
    for name, graph in graphs.items():
        named = graph.package is not None and not bodies
        content, about = onnx_bytes(graph, "probs" if name == list(graphs)[-1] else "features", not named), graph.reads
        if named:
            content, body = without_body(content, graph.package)
            about = about | {"body": body}
        files |= {name: content} | graph.files
        listed.append({"file": name} | about)
    with tempfile.TemporaryDirectory() as folder:
        write_folder(Path(folder), config | {"graphs": listed}, {}, files)
        difference = compare(learn, LightModel(folder))
    return listed, files, difference


def compare(learn, light: LightModel) -> float:  # ValueError: more than CLOSE
    "The greatest difference of a probability on validation posters of the learner, or drawn ones where it has no data."
    items = getattr(learn.dls.valid, "items", None)
    posters = list(items["poster"].head(CHECKED)) if isinstance(items, pd.DataFrame) and len(items) else []
    if not posters:
        posters = [draw_poster(genres=["Horror"], title="Night", seed=seed) for seed in range(CHECKED)]
    movies = pd.DataFrame({"poster": pd.Series(posters, dtype=object)})
    difference = np.nanmax(np.abs(learn.probs(movies, progress=False)[0] - light.probs(movies)[0]))
    if not difference <= CLOSE:
        raise ValueError(f"its probabilities differ from the learner's by {difference:.2g}, more than {CLOSE}")
    return float(difference)
