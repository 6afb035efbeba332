"""What a model says of uploaded posters: genres of many, the evidence for one genre of one poster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from postergenre.data.genres import genre_names
from postergenre.data.posters import UNREADABLE, open_poster
from postergenre.interpret.evidence import explain_each
from postergenre.interpret.gradcam import heated
from postergenre.modality import WHOLE
from postergenre.portable.naming import name_genres

SHOWN = 720  # pixels that a picture on the page is high at most
CHUNK = 4  # posters in memory at once; a modality would start processes for more


@dataclass
class Answer:
    "What was said of one poster."

    name: str  # of its file
    file: str  # where it lies
    error: str | None = None  # why it cannot be read
    probs: np.ndarray | None = None  # (genres,)
    named: list[str] | None = None  # its genres, the most probable first


def ask(
    learn,  # a PosterLearner or PosterEnsemble
    files: Sequence[str],  # posters
    done: Callable[[int], None] = lambda n: None,  # told how many were looked at
) -> list[Answer]:
    "Genres of posters, in their order; one that cannot be read has an error, in which no folder is named."
    answers = [Answer(Path(file).name, str(file)) for file in files]
    for start in range(0, len(answers), CHUNK):
        some, opened = answers[start : start + CHUNK], []
        for answer in some:
            try:
                opened.append((answer, open_poster(answer.file)))
            except UNREADABLE as e:
                answer.error = _without_folder(e, answer)
        posters = pd.DataFrame({"poster": pd.Series([poster for _, poster in opened], dtype=object)})
        probs, errors = learn.probs(posters, progress=False)
        for (answer, _), row, error, on in zip(opened, probs, errors, name_genres(learn, probs), strict=True):
            answer.error = error
            if error is None:
                vocab = list(learn.dls.vocab)
                answer.probs, answer.named = row, genre_names(on, vocab)
                answer.named.sort(key=lambda genre, row=row, vocab=vocab: -row[vocab.index(genre)])
        done(start + len(some))
    return answers


@dataclass
class Evidence:
    "What one kind of evidence says for a genre."

    heading: str
    picture: Image.Image  # the poster under its heat
    anything: bool  # whether there is any heat


def evidence(
    learn,  # as in `ask`
    file: str,  # a poster that could be read
    genre: str,
) -> tuple[Image.Image, list[Evidence], pd.DataFrame]:  # the poster; of each kind; modality, part, adds (log-odds)
    "A poster, where on it a genre is seen, and the parts that can be told apart, such as lines of text."
    poster = open_poster(file)
    found = explain_each(learn, poster, genre)
    small = _small(poster)
    kinds = [Evidence(each.heading, heated(small, _resized(each.heat[0], small)), each.heat.any()) for each in found]
    parts = pd.concat([each.parts.rename(columns={genre: "adds"}) for each in found], ignore_index=True)
    return small, kinds, parts[parts["part"] != WHOLE]


def _small(poster: Image.Image) -> Image.Image:
    small = poster.copy()
    small.thumbnail((SHOWN, SHOWN))
    return small


def _resized(heat: np.ndarray, like: Image.Image) -> np.ndarray:
    return np.asarray(Image.fromarray(heat).resize(like.size, Image.Resampling.BILINEAR))


def _without_folder(error: Exception, answer: Answer) -> str:
    return str(error).replace(answer.file, answer.name) or f"{answer.name} cannot be read ({type(error).__name__})"
