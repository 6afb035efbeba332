"""What the words recipe does beside a probe: it can train the encoder, on texts, and goes on with what that gives."""

from collections.abc import Sequence

import pandas as pd
from fastai.learner import Learner

from postergenre.data.genres import multi_hot
from postergenre.interpret.words import telling_words
from postergenre.recipes._probe import ProbeRun
from postergenre.recipes.runs.setup import section
from postergenre.text.cache import WordFeatureCache
from postergenre.training.probe import feature_caches
from postergenre.training.words import adopt, text_learner


class WordsRun(ProbeRun):
    "A probe of words, whose encoder is trained if epochs are given."

    def fit(self, learn: Learner, movies: pd.DataFrame, caches: Sequence[WordFeatureCache]) -> None:
        "Fit the head, train it with the encoder, export the learner, show the words that say most."
        self.fit_head(learn, movies, caches)
        if self.config["epochs"]:
            self.tune(learn, movies, *caches)
        self.keep(learn, movies, self.caches)
        section("Words that say most, among those on ten training posters or more")
        train = movies[movies["split"] == "train"]
        print(telling_words(learn, self.caches[0].words.get(train["poster"].tolist())).to_string())

    def tune(self, learn: Learner, movies: pd.DataFrame, cache: WordFeatureCache) -> None:
        "Train the encoder and look again with it."
        config, looked = self.config, self.images_a_second
        sides = [movies[movies["split"] == side] for side in ("train", "valid")]
        posters = [side["poster"].tolist() for side in sides]
        train, valid = (
            (cache.words.get(files), multi_hot(side["genres"], learn.dls.vocab))
            for files, side in zip(posters, sides, strict=True)
        )
        texts = text_learner(learn, (*train, cache.get(posters[0])), valid, config["bs"])
        self.train(texts, lr=slice(config["lr"], config["head_lr"]))
        adopt(learn, texts)
        again = feature_caches(learn, config["cache"], bs=config["bs"], workers=config["workers"])
        self.look(again, movies[movies["split"] != "train"])
        self.images_a_second = looked  # of reading; encoding again is little beside it
