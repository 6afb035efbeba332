"""Genres from what is written on posters: title, taglines, names, read by an OCR network.

python -m postergenre.recipes.words --data posters
python -m postergenre.recipes.words --data posters --epochs 0                     # the encoder as it is: no training
python -m postergenre.recipes.ensemble --data posters --pool odds \\
    --members runs/lite/learner.pkl runs/words/learner.pkl                        # picture and words together

What is read is kept in runs/features, so that posters are read once: half an hour for 7,500 on 2 cores. Needs
pip install 'postergenre[words]'.
"""

from fastcore.meta import delegates

from postergenre.data.terminal import beside
from postergenre.interpret.words import telling_words
from postergenre.portable.reader import READ_SIZE
from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.options import all_options, shared
from postergenre.recipes.runs.results import finish, judge
from postergenre.recipes.runs.run import Data, Run, begin, load_movies, make_loaders, section
from postergenre.recipes.runs.training import Training, export, fit_head, fit_probabilities, look, train
from postergenre.text.words import Words
from postergenre.training.fusion import ProbeLearner
from postergenre.training.probe import probe_learner
from postergenre.training.words import adopt, text_learner


@delegates(shared)
def main(
    weights: str | None = None,  # encoder of the words: a SentenceTransformer's folder or hub name; else MiniLM
    epochs: int = 3,  # passes over the training texts in which the encoder is trained with the head; 0: it is frozen
    lr: float = 5e-5,  # highest learning rate of the one-cycle schedule for the encoder (AdamW)
    head_lr: float = 5e-4,  # the same for the head, which starts fitted
    kernel: int = 0,  # landmarks of an RBF kernel in the head; 0: none
    bs: int = 32,  # posters whose words are encoded at once
    calibrate: bool = True,  # fit probabilities to the validation posters, as thresholds are
    workers: int = 0,  # processes that read posters; 0: one a core
    **kwargs,
):
    "Read posters, learn the genres from the meaning of their words, score it on movies it never saw, export it."
    if epochs and kernel:
        raise ValueError("--kernel is a head for a frozen encoder; add --epochs 0")
    run = begin("words", all_options(locals()), least_epochs=0)
    written = Words(weights)  # says what is missing before movies are read
    data = load_movies(run)

    learn = probe_learner(make_loaders(run, data, size=READ_SIZE), written)
    speed = look(run, learn, data.movies)
    training = fit_head(run, data, learn, speed=speed)
    if epochs:
        training = train_encoder(run, data, learn, speed)
        look(run, learn, data.movies[data.movies["split"] != "train"])
    fit_probabilities(run, learn, data.side("valid"))
    export(run, learn)

    section("Words that say most, among those on ten training posters or more")
    telling = telling_words(learn, learn.modalities[0].all_lines(data.side("train")))
    print("\n".join(beside(telling[telling != ""])) or "No word stands on so many.")
    finish(run, data, learn, training, judge(run, data, learn, trained="the head"))


def train_encoder(run: Run, data: Data, learn: ProbeLearner, speed: float | None) -> Training:
    "Train a fitted learner's encoder with its head, on the texts; speed: of reading, beside which this is little."
    texts = text_learner(learn, data.movies, run.config["bs"])
    training = train(run, texts, lr=slice(run.config["lr"], run.config["head_lr"]), speed=speed, fitted=True)
    adopt(learn, texts)
    return training


if __name__ == "__main__":
    command(main, epilog=__doc__)
