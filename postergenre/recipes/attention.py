"""Does attention by style help? The same network with none, squeeze-and-excitation and Gram, over several seeds.

python -m postergenre.recipes.attention                                         # DenseNet-121, demo posters
python -m postergenre.recipes.attention --data posters --epochs 4               # nine runs: three kinds, three seeds
python -m postergenre.recipes.attention --arch resnet18 --after layer2 --weights resnet18.pth --data posters

none: the network as it is. se: channel weights from the channels' means. gram: from how channels go together, which is
style. The movies and their split are those of --seed (42) in every run; --seeds vary the first weights, the order of
the posters and the crops. Runs of one seed start alike and see the same crops, so their differences count.

Ctrl-C keeps the runs that are done. The same command with --out of the folder begun goes on there; more --seeds or
--attention add to it. The table is in attention.csv, the figure in attention.png, each run's report in its folder.
"""

from postergenre.recipes._attention import AttentionSeries
from postergenre.recipes.runs.cli import command
from postergenre.training.networks import freeze_norms, poster_learner


def main(
    attention: list[str] = ("none", "se", "gram"),  # what is compared, with the first: none, se, gram
    seeds: list[int] = (42, 43, 44),  # a run each: of the first weights, the order and the crops
    arch: str = "densenet121",  # torchvision or timm name of a network of convolutions, custom_cnn
    after: str | None = None,  # name of the module that attention follows (default: a late stage, which is named)
    data: str | None = None,  # folder in the study's layout or a CSV; else POSTERGENRE_DATA, else demo posters
    epochs: int = 4,  # budget of each run: passes over the training crops
    lr: float = 2e-3,  # highest learning rate of the one-cycle schedule (Adam)
    bs: int = 16,  # batch size
    size: str = "150",  # pixels the network sees: one number, or HEIGHTxWIDTH
    crop: str = "random",  # random: windows at the poster's own scale; whole: the poster resized
    balance: str = "none",  # crops a poster: none, study, even; with the crops wanted of each genre: even:1000
    pretrained: bool = False,  # start from ImageNet weights (downloaded once)
    weights: str | None = None,  # start from a local file of weights (.pth, .safetensors)
    freeze_norm: bool = False,  # batch norms keep the statistics of pretraining: short runs from weights need it
    seed: int = 42,  # of the split and of --limit, the same in every run
    limit: int | None = None,  # use only this many movies, chosen at random: for a quick try
    workers: int = 0,  # processes that read posters; 0 is best on a CPU, 4 to 16 beside a GPU
    out: str | None = None,  # folder to write to, or to go on in (default: runs/attention, runs/attention-2, ...)
):
    "Train a network without and with attention, several seeds each; compare them on validation and on test movies."
    series = AttentionSeries(dict(locals()))
    movies = series.movies()
    for run in series.unfinished(movies):
        with series.whatever_happens(run):
            dls = run.loaders(movies)
            learn = poster_learner(dls, arch, pretrained, weights, attention=run.kind, attention_after=run.after)
            run.fit(learn, cbs=[freeze_norms(learn)] if freeze_norm else [])
            run.finish(learn, movies)
    series.finish()


if __name__ == "__main__":
    command(main, epilog=__doc__)
