"""A learner as one ONNX graph, checked against the learner."""

from pathlib import Path

from postergenre.data.files import write_whole
from postergenre.portable.folder import GRAPH
from postergenre.training.keeping import pack_graphs
from postergenre.training.learner import PosterLearner


def export_onnx(
    learn: PosterLearner,  # trained or loaded
    fname: str | Path = GRAPH,
) -> float:  # greatest difference of a probability. ValueError: it has no one graph, or differs; ImportError: a package
    """Write the learner as a graph: pixels to probabilities, with normalisation, network, calibration and sigmoid.

    Its input is `pixels`, uint8 (any number, 3, height, width), each a view of a poster, its output `probs`, (any
    number, genres). That of a probe of words takes the tokens `input_ids` and `attention_mask` of what is written. It
    is compared on posters with what the learner says: a difference of more than 1e-4 is an error.
    """
    member, *others = learn.members
    if others or learn is not member:
        raise ValueError(
            "An ensemble has a graph for each member: ensemble.save_pretrained(folder) writes them, or export its "
            "members: export_onnx(ensemble.members[0])"
        )
    config, _ = member.pack()
    listed, files, difference = pack_graphs(member, config, bodies=True)
    if len(listed) > 1:
        raise ValueError(
            f"The learner has a graph for each modality ({', '.join(about['file'] for about in listed)}); "
            "learn.save_pretrained(folder) writes them"
        )
    with write_whole(fname) as whole:
        whole.write_bytes(files[listed[0]["file"]])
    print(f"{fname}: probabilities differ from the learner's by at most {difference:.1e}")
    return difference
