"""The model that comes with the library: linear heads on a frozen EfficientNet-Lite0 and on the words' frozen encoder.

python -m postergenre.recipes.pretrained --data posters
python -m postergenre.recipes.pretrained --data posters --out runs/mine     # copy runs/mine/model to ship another

The figures on the model's card are of the folder that was written, loaded again. What is found on posters is kept in
runs/features: the first time takes three quarters of an hour for 7,500 on 2 cores, nearly all of it to read the words.
Needs pip install 'postergenre[pretrained,onnx]'.
"""

from fastcore.meta import delegates

from postergenre.evaluation.compare import compare
from postergenre.evaluation.evaluate import Evaluation
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.inference.pretrained import from_pretrained
from postergenre.inference.thresholds import tune_thresholds
from postergenre.portable.shipped import INSTALL
from postergenre.recipes.ensemble import about_members, judge_members, pooled, together
from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.options import all_options, shared
from postergenre.recipes.runs.results import figures, finish
from postergenre.recipes.runs.run import Data, Run, begin, load_movies, make_loaders, section
from postergenre.recipes.runs.training import Training, fit_head, fit_probabilities, look
from postergenre.text.words import WORDS
from postergenre.training.fusion import ProbeLearner
from postergenre.training.probe import probe_learner
from postergenre.vision.weights import LITE_ARCHS

MAX_SIZE = 3_000_000  # bytes: what the library carries for all who install it


@delegates(shared)
def main(
    size: str = "448x300",  # pixels that the picture's network sees, HEIGHTxWIDTH
    train_views: list[str] = ("whole",),  # of training posters, a row each: whole, mirror, grid, scales
    bs: int = 32,  # posters a batch of the forward pass
    calibrate: bool = True,  # fit probabilities to the validation posters, as thresholds are
    **kwargs,
):
    "Fit a head for the picture and one for the words, write both as one folder, score that on movies they never saw."
    run = begin("pretrained", all_options(locals()))
    data = load_movies(run)
    members = [fitted(run, data, arch, views) for arch, views in ((LITE_ARCHS[0], train_views), (WORDS, ["whole"]))]
    ensemble = PosterEnsemble(members, pool="odds", names=["picture", "words"])

    section("Validation: the weights are chosen here, so the ensemble's figures are a little too good")
    valid = judge_members(run, data, ensemble, "valid")
    ensemble.weigh([r.probs for r in valid], valid[0].targets)
    valid.append(together(ensemble, valid))
    tune_thresholds(ensemble, data.side("valid"), probs=valid[-1].probs)
    print(f"\n{ensemble}\n\n{compare(valid)}")

    section("The model as it is shipped")
    folder = ensemble.save_pretrained(run.folder / "model")
    learn = from_pretrained(folder)
    learn.use_cache(run.config["cache"])

    section(f"Test: {len(data.side('test')):,} movies that no head ever saw, by the folder that was written")
    test = judge_members(run, data, learn, "test")
    test.append(together(learn, test))
    test[-1].name = run.name
    print(f"\n{test[-1]}\n\n{compare(test)}")

    about = about_members(["model/member-0", "model/member-1"], learn, valid, test)
    finish(run, data, learn, told(learn, test[0]), test[-1:], folder, valid=figures(valid[-1]), members=about)
    size_of = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"\n{folder} has {size_of / 1e6:.2f} MB{', too many to be shipped' * (size_of > MAX_SIZE)}.")


def fitted(run: Run, data: Data, modality: str, train_views: list[str]) -> ProbeLearner:
    "A head on one frozen modality, with probabilities and thresholds of its own."
    section(f"The {modality}")
    learn = probe_learner(make_loaders(run, data), modality)
    views = "+".join(train_views)
    speed = look(run, learn, data.movies, train_views=views)
    fit_head(run, data, learn, views, speed)
    fit_probabilities(run, learn, data.side("valid"))
    return learn


def told(learn: PosterEnsemble, picture: Evaluation) -> Training:
    "How the model came about, and how good its picture alone is, for report and card."
    table = picture.table().iloc[0]
    said = ", ".join(f"{name} {table[name]}" for name in ("top-n accuracy", "macro AP"))
    picture_weight, words_weight = learn.weights
    training = pooled(learn)
    training.words = (
        "Two linear heads were fitted: on what a frozen EfficientNet-Lite0 sees in the whole poster, and on what a "
        "frozen encoder, all-MiniLM-L6-v2, understands of the words that RapidOCR reads on it. Their log-odds relative "
        f"to the genres' frequencies are added, {picture_weight:.2f} of the picture's and {words_weight:.2f} of the "
        f"words', weights chosen on the validation movies ({training.parameters:,} parameters). The networks come in "
        f"packages: {INSTALL}. Where those for words are missing, the picture alone answers: {said}."
    )
    return training


if __name__ == "__main__":
    command(main, epilog=__doc__)
