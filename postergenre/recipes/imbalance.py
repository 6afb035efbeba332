"""Rare genres: does balancing help, do losses that weigh positives, and what does calibration mend afterwards?

python -m postergenre.recipes.imbalance --data posters
python -m postergenre.recipes.imbalance --data posters --balance none even:1000 --loss bce focal

A frozen network looks at the random crops of one epoch, balanced in each way; a linear head is fitted to them with each
loss; both as fitted and calibrated on the validation movies they are judged on the test movies, whose genres are as
frequent as they really are. Minutes, as nothing but the heads is trained.
"""

from postergenre.recipes._imbalance import ImbalanceRun, view_features
from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.setup import section
from postergenre.training.probe import probe_learner


def main(
    data: str | None = None,  # folder in the study's layout or a CSV; else POSTERGENRE_DATA, else demo posters
    balance: list[str] = ("none", "study:700", "even:1500"),  # none, study, even; with the crops wanted of each genre
    loss: list[str] = ("bce", "bce_pos_weight", "asymmetric", "focal"),  # the first of the first is compared with
    arch: str = "tf_efficientnet_lite0",  # torchvision or timm name
    size: str = "150",  # pixels of a crop: one number, or HEIGHTxWIDTH
    stages: bool = True,  # statistics of all stages of the body; no: its last features alone
    bs: int = 32,  # batch size of the forward pass
    pretrained: bool = False,  # ImageNet weights from the hub
    weights: str | None = "lite",  # lite: from the registry's packages; or a local file
    seed: int = 42,  # of the split and the crops
    limit: int | None = None,  # use only this many movies, chosen at random: for a quick try
    workers: int = 0,  # processes that read posters; 0 is best on a CPU, 4 to 16 beside a GPU
    out: str | None = None,  # folder to write to (default: runs/imbalance, runs/imbalance-2, ...)
):
    "Compare kinds of balancing and losses, each with and without calibration, on movies never seen."
    run = ImbalanceRun(dict(locals(), crop="random"))
    movies = run.movies()
    judged = {}
    for kind in run.config["balance"]:
        learn = probe_learner(run.loaders(movies, kind), arch, pretrained, weights, stages)
        if not judged:
            section("Features of the validation and test movies")
            for side in ("valid", "test"):
                judged[side] = view_features(learn, movies.loc[movies["split"] == side, "poster"].tolist())
        section(f"Balancing: {kind}")
        run.add(learn, movies, kind, judged)
    run.finish()


if __name__ == "__main__":
    command(main, epilog=__doc__)
