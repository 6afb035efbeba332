"""Genres from what is written on posters: title, taglines, names, read by an OCR network.

python -m postergenre.recipes.words --data posters
python -m postergenre.recipes.words --data posters --epochs 0                     # the encoder as it is: no training
python -m postergenre.recipes.ensemble --data posters --pool odds \\
    --members runs/lite/learner.pkl runs/words/learner.pkl                        # picture and words together

What is read is kept in runs/features, so that posters are read once: half an hour for 7,500 on 2 cores. Needs
pip install 'postergenre[words]'.
"""

from postergenre.recipes._words import WordsRun
from postergenre.recipes.runs.cli import command
from postergenre.text.encoder import WORDS
from postergenre.text.reader import READ_SIZE
from postergenre.training.probe import feature_caches, probe_learner


def main(
    data: str | None = None,  # folder in the study's layout or a CSV; else POSTERGENRE_DATA, else demo posters
    weights: str | None = None,  # encoder of the words: a SentenceTransformer's folder or hub name; else MiniLM
    epochs: int = 3,  # passes over the training texts in which the encoder is trained with the head; 0: it is frozen
    lr: float = 5e-5,  # highest learning rate of the one-cycle schedule for the encoder (AdamW)
    head_lr: float = 5e-4,  # the same for the head, which starts fitted
    kernel: int = 0,  # landmarks of an RBF kernel in the head; 0: none
    hidden: int = 0,  # units of a hidden layer in the head; 0: none
    bs: int = 32,  # posters whose words are encoded at once
    calibrate: bool = True,  # fit probabilities and thresholds on the validation posters
    seed: int = 42,  # of the split, and of landmarks or a hidden layer
    limit: int | None = None,  # use only this many movies, chosen at random: for a quick try
    workers: int = 0,  # processes that read posters; 0: one a core
    cache: str = "runs/features",  # folder of what was read
    out: str | None = None,  # folder to write to (default: runs/words, runs/words-2, ...)
):
    "Read posters, learn the genres from the meaning of their words, score it on movies it never saw, export it."
    if epochs and (kernel or hidden):
        raise ValueError("--kernel and --hidden are heads for a frozen encoder; add --epochs 0")
    run = WordsRun("words", dict(locals()))
    movies = run.movies()
    learn = probe_learner(run.loaders(movies, size=READ_SIZE), [WORDS], weights=weights)
    caches = feature_caches(learn, cache, bs=bs, workers=workers)
    run.look(caches, movies)
    run.fit(learn, movies, caches)
    run.finish(learn, movies)


if __name__ == "__main__":
    command(main, epilog=__doc__)
