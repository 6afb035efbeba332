"""Does attention by style help? The same network with none, squeeze-and-excitation and Gram, over several seeds.

python -m postergenre.recipes.attention                                         # DenseNet-121, demo posters
python -m postergenre.recipes.attention --data posters --epochs 4               # nine runs: three kinds, three seeds
python -m postergenre.recipes.attention --arch resnet18 --after layer2 --weights resnet18.pth --data posters

none: the network as it is. se: channel weights from the channels' means. gram: from how channels go together, which is
style. The movies and their split are those of --seed (42) in every run; --seeds vary the first weights, the order of
the posters and the crops. Runs of one seed start alike and see the same crops, so their differences count.

Ctrl-C keeps the runs that are done. --resume goes on, in the middle of one too; more --seeds or --attention add to
those in the folder --out. The table is in attention.csv, the figure in attention.png, each run's report in its folder.
"""

from pathlib import Path

import postergenre._fastai  # noqa: F401

from fastai.torch_core import set_seed
from fastcore.meta import delegates

from postergenre.data.augment import as_size
from postergenre.data.genres import vocab_of
from postergenre.evaluation.evaluate import evaluate
from postergenre.recipes.runs.attention_table import as_cells, plot_attention, read_runs, summarize
from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.options import all_options, shared
from postergenre.recipes.runs.run import make_loaders, parse_size, section
from postergenre.recipes.runs.series import Series, begin_series, finish_member, keep_going, shared_movies, unfinished
from postergenre.recipes.runs.series_table import terminal_text
from postergenre.recipes.runs.training import count_parameters, train
from postergenre.training.callback import Budget
from postergenre.training.networks import freeze_norms, poster_learner
from postergenre.vision.attention import attention_layers, check_kind
from postergenre.vision.build import create_model


@delegates(shared)
def main(
    attention: list[str] = ("none", "se", "gram"),  # what is compared, with the first: none, se, gram
    seeds: list[int] = (42, 43, 44),  # a run each: of the first weights, the order and the crops
    arch: str = "densenet121",  # torchvision or timm name of a network of convolutions, custom_cnn
    after: str | None = None,  # name of the module that attention follows (default: a late stage, which is named)
    epochs: int = 4,  # budget of each run: passes over the training crops
    lr: float = 2e-3,  # highest learning rate of the one-cycle schedule (Adam)
    bs: int = 16,  # batch size
    size: str = "150",  # pixels the network sees: one number, or HEIGHTxWIDTH
    crop: str = "random",  # random: windows at the poster's own scale; whole: the poster resized
    balance: str = "none",  # crops a poster: none, study, even; with the crops wanted of each genre: study:1000
    pretrained: bool = False,  # start from ImageNet weights (downloaded once)
    weights: str | None = None,  # start from a local file of weights (.pth, .safetensors)
    freeze_norm: bool = False,  # batch norms keep the statistics of pretraining: short runs from weights need it
    seed: int = 42,  # of the split and of --limit, the same in every run
    **kwargs,
):
    "Train a network without and with attention, several seeds each; compare them on validation and on test movies."
    series = begin_attention(all_options(locals()))
    data = shared_movies(series)
    show_places(series.whole.config, len(vocab_of(data.movies)))

    for run in unfinished(series, data):
        with keep_going(series, run, show_attention):
            [kind], [own_seed] = run.config["attention"], run.config["seeds"]
            set_seed(own_seed, reproducible=True)  # in place of the split's
            learn = poster_learner(make_loaders(run, data), arch, pretrained, weights, **layer(kind, after))
            training = train(run, learn, Budget(None), [freeze_norms(learn)] if freeze_norm else [])
            valid = evaluate(learn, data.side("valid"), train=data.side("train"), name=run.name)
            valid.save(run.folder / "predictions_valid.csv")
            finish_member(run, data, learn, training)
    show_attention(series)


def begin_attention(options: dict) -> Series:  # ValueError: an unknown kind, or as in begin_series
    "A run for each kind of attention and seed, named after both, e.g. gram-42."
    kinds, seeds = options["attention"], options["seeds"]
    for kind in kinds:
        check_kind(kind)
    members = {f"{kind}-{seed}": {"attention": [kind], "seeds": [seed]} for seed in seeds for kind in kinds}
    return begin_series("attention", options, members, varies=["attention", "seeds"])


def layer(kind: str, after: str | None) -> dict:
    "A kind of attention as options of poster_learner and create_model; none stands nowhere."
    return {"attention": kind, "attention_after": after if check_kind(kind) else None}


def show_places(options: dict, n_out: int) -> None:
    "Say where attention goes, and before anything is trained what is wrong with the network's options."
    section("Attention")
    size, weights = as_size(parse_size(options["size"])), (options["pretrained"], options["weights"])
    for kind in options["attention"]:
        model, _ = create_model(options["arch"], n_out, size, *weights, **layer(kind, options["after"]))
        names = {module: name for name, module in model.named_modules()}
        added = [(count_parameters(m), names[m].rpartition(".")[0]) for m in attention_layers(model)]
        where = "".join(f"; {n:,} of them after {module}" for n, module in added)
        print(f"  {kind:<6}{count_parameters(model):,} parameters{where}")


def done_by_kind(series: Series) -> dict[str, Path]:  # ValueError: nothing is done
    "The finished runs, first those of the first kind: with it others are compared, whichever was done first."
    done, kinds = series.finished(), series.whole.config["attention"]
    return {run: done[run] for kind in kinds for run in done if series.members[run]["attention"] == [kind]}


def show_attention(series: Series) -> None:  # ValueError: nothing is done
    "Compare what is done: table, figure."
    whole, (runs, popularity, notes) = series.whole, read_runs(done_by_kind(series), series.budget)
    table = summarize(runs, popularity)
    section("Comparison")
    print(terminal_text(as_cells(table), series.failed, notes))
    whole.write("attention.csv", table.to_csv())
    whole.write("attention_runs.csv", runs.to_csv())
    whole.save_figure(plot_attention(runs, popularity), "attention.png")
    print(f"\nEverything is in {whole.folder}: attention.csv and .png, attention_runs.csv with a row a run; a folder a")
    print("run with learner.pkl and report.html.")


if __name__ == "__main__":
    command(main, epilog=__doc__)
