"""The study's DenseNet-121: learn movie genres from posters.

python -m postergenre.recipes.densenet                                  # demo posters, drawn by the library
python -m postergenre.recipes.densenet --data posters --epochs 10       # yours
python -m postergenre.recipes.densenet --config recipes/densenet_study.toml --data posters
"""

from fastcore.meta import delegates

from postergenre.recipes.runs.checks import check_network
from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.options import all_options, shared
from postergenre.recipes.runs.results import finish, judge
from postergenre.recipes.runs.run import begin, load_movies, make_loaders
from postergenre.recipes.runs.training import export, fit_probabilities, train
from postergenre.training.networks import densenet_learner


@delegates(shared)
def main(
    epochs: int = 4,  # passes over the training crops
    patience: int = 0,  # epochs without a better validation top-n accuracy before training ends; 0: it does not
    lr: float = 2e-3,  # learning rate (Adam), the highest of one_cycle
    schedule: str = "one_cycle",  # of the learning rate: one_cycle (up, then down to nothing), flat (it stays)
    bs: int = 16,  # batch size
    size: str = "150",  # pixels the network sees: one number, or HEIGHTxWIDTH
    crop: str = "random",  # random: windows at the poster's own scale; whole: the poster resized
    balance: str = "none",  # crops a poster: none, study, even; with the crops wanted of each genre: study:1000
    protocol: str = "movie",  # movie: honest; study: crops cut first and divided afterwards, leaky on purpose
    pretrained: bool = False,  # start from ImageNet weights (downloaded once)
    weights: str | None = None,  # start from a local file of weights (.pth, .safetensors)
    attention: str = "none",  # channel weights after the third dense block: none, se (from means), gram (by style)
    loss: str = "bce",  # bce, bce_pos_weight (rare genres count more), asymmetric, focal
    calibrate: bool = False,  # afterwards fit probabilities to the validation movies, as thresholds are
    **kwargs,
):
    "Train a DenseNet-121 on posters, score it on movies it never saw, export it."
    options = all_options(locals())
    check_network("densenet121", options)
    run = begin("densenet", options)
    data = load_movies(run)

    dls = make_loaders(run, data)
    learn = densenet_learner(dls, pretrained=pretrained, weights=weights, loss=loss, attention=attention)
    training = train(run, learn)
    fit_probabilities(run, learn)
    export(run, learn)
    finish(run, data, learn, training, judge(run, data, learn))


if __name__ == "__main__":
    command(main, epilog=__doc__)
