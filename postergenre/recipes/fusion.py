"""All that is known of a movie together: picture, words, names, objects, people, metadata; and what each is worth.

python -m postergenre.recipes.fusion --data posters
python -m postergenre.recipes.fusion --data posters --modalities picture words metadata
python -m postergenre.recipes.fusion --data posters --modalities runs/lite/model runs/words/model names metadata

A modality by name is a head on what is frozen; a model that was trained before stands by its folder. They are put
together in three ways, of which the best on validation is kept: odds, a weight each; stack, a weight each and genre;
head, one head on all their features. Then each modality is left out, and judged alone. What is found on posters is kept
in runs/features: the first time takes an hour for 7,500 on 2 cores. Needs pip install 'postergenre[lite,words,people]'.
"""

from dataclasses import replace
from pathlib import Path

from fastcore.meta import delegates

from postergenre.evaluation.evaluate import Evaluation
from postergenre.inference.ensemble import PosterEnsemble
from postergenre.inference.thresholds import tune_thresholds
from postergenre.recipes.ensemble import about_members, check_split, judge_members, open_member, run_names, together
from postergenre.recipes.runs.ablated import ablate, weights_held_out
from postergenre.recipes.runs.cli import command
from postergenre.recipes.runs.options import all_options, shared
from postergenre.recipes.runs.results import figures, finish
from postergenre.recipes.runs.run import Data, Run, begin, load_movies, make_loaders, section
from postergenre.recipes.runs.training import (
    MONITOR,
    Training,
    count_parameters,
    export,
    fit_head,
    fit_probabilities,
    look,
)
from postergenre.tabular.metadata import METADATA, Metadata
from postergenre.tabular.names import NAMES
from postergenre.text.words import WORDS
from postergenre.training.fusion import ProbeLearner
from postergenre.training.heads import score
from postergenre.training.learner import PosterLearner
from postergenre.training.probe import probe_learner
from postergenre.vision.objects import OBJECTS
from postergenre.vision.people import PEOPLE
from postergenre.vision.weights import LITE_ARCHS

PICTURE = "picture"
KNOWN = (PICTURE, WORDS, NAMES, OBJECTS, PEOPLE, METADATA)
HEAD = "head"
WAYS = ("odds", "stack", HEAD)
SHOWN = (MONITOR, "macro_ap")


@delegates(shared)
def main(
    modalities: list[str] = KNOWN,  # names; or folders of models, or exported learners, which run code
    pool: str = "best",  # odds, stack or head; best: that of the best validation figures
    fields: str = "all",  # of the metadata; or "before release": without ratings, votes, takings and awards
    arch: str = LITE_ARCHS[0],  # torchvision or timm name of the picture's network
    size: str = "448x300",  # pixels that it sees, HEIGHTxWIDTH
    weights: str | None = "lite",  # of it, lite: from the registry's packages; or a local file
    kernel: int = 2000,  # landmarks of an RBF kernel, which a head has if it does better on validation; 0: none has
    bs: int = 32,  # movies a batch of the forward pass
    calibrate: bool = True,  # fit probabilities to the validation movies, as thresholds are
    **kwargs,
):
    "Fit a head on each kind of evidence, put them together, score each, all, and all but each on movies never seen."
    run = begin("fusion", all_options(locals()) | {"modalities": list(modalities)})
    check_modalities(modalities, pool)
    data = load_movies(run)
    files = dict(zip(names_of(modalities), modalities, strict=True))
    members = {name: member(run, data, file) for name, file in files.items()}
    ways = {way: PosterEnsemble(list(members.values()), pool=way, names=list(members)) for way in WAYS[:2]}

    section("Validation: heads and probabilities are fitted here, so the figures are a little too good")
    valid = judge_members(run, data, ways["odds"], "valid")
    tried = {way: weights_held_out(ensemble, valid) for way, ensemble in ways.items()}
    for ensemble in ways.values():
        ensemble.weigh([r.probs for r in valid], valid[0].targets)
        tune_thresholds(ensemble, data.side("valid"), probs=together(ensemble, valid).probs)
    pooled = ways[max(tried, key=lambda way: merit(tried[way]))]  # what each modality is worth is judged with it
    if pool in ("best", HEAD):
        ways[HEAD], tried[HEAD] = one_head(run, data, members)
    chosen = pool if pool != "best" else max(tried, key=lambda way: merit(tried[way]))
    for result in (*valid, *tried.values()):
        shown = {name: figures(result)[result.name][name]["value"] for name in SHOWN}
        note = ", weights held out" if result.name in WAYS[:2] else ""
        print(f"  {result.name:<12}" + "   ".join(f"{name} {value:.4f}" for name, value in shown.items()) + note)
    print(f"Chosen: {chosen}\n\n{pooled}")

    section(f"Test: {len(data.side('test')):,} movies that training never saw, and what each modality is worth")
    test = judge_members(run, data, pooled, "test")
    ablation = ablate(pooled, valid, test)
    print(f"\n{ablation.comparison()}")
    learn = ways[chosen]
    if chosen == HEAD:
        [result] = judge_members(run, data, PosterEnsemble([learn], names=[run.name]), "test")
    else:
        result = together(learn, test)
    result.name = run.name
    print(f"\n{result}")

    run.open()
    export(run, learn)
    ablation.write(run)
    about = about_members([files[name] for name in pooled.names], pooled, [*valid, None], [*test, None])
    more = {"ablation": ablation.figures(), "ways": {way: figures(r)[r.name] for way, r in tried.items()}}
    whole = ablation.valid[0] if chosen != HEAD else tried[HEAD]
    finish(run, data, learn, told(learn, chosen, pooled.pool), [result], valid=figures(whole), members=about, **more)


def check_modalities(modalities: list[str], pool: str) -> None:  # ValueError, FileNotFoundError
    "Say what is wrong with the options before movies are read."
    if pool not in ("best", *WAYS):
        raise ValueError(f"--pool {pool!r} is unknown; choose one of: best, {', '.join(WAYS)}")
    if len(set(modalities)) < max(2, len(modalities)):
        raise ValueError("--modalities should be two or more, all different")
    for name in modalities:
        if name not in KNOWN and not Path(name).exists():
            raise FileNotFoundError(
                f"There is no modality and no model {name} (seen from {Path.cwd()}); known are {', '.join(KNOWN)}"
            )


def names_of(modalities: list[str]) -> list[str]:
    "What each is called: by its name, or as the run of a model."
    models = [name for name in modalities if name not in KNOWN]
    called = dict(zip(models, run_names(models), strict=True))
    return [called.get(name, name) for name in modalities]


def member(run: Run, data: Data, name: str) -> PosterLearner:
    "A learner of one modality: fitted here, or trained before."
    if name not in KNOWN:
        section(f"Trained before: {name}")
        check_split(name, data.movies)
        learn = open_member(name)
        learn.use_cache(run.config["cache"])
        return learn
    section(f"Modality: {name}")
    made = run.config["arch"] if name == PICTURE else Metadata(run.config["fields"]) if name == METADATA else name
    learn = probe_learner(make_loaders(run, data), made, weights=run.config["weights"])
    return fitted(run, data, learn)


def one_head(run: Run, data: Data, members: dict[str, PosterLearner]) -> tuple[ProbeLearner, Evaluation]:
    "A head on the features of all members side by side, as Chu & Guo (2017) joined network and objects; on validation."
    section("One head on all features side by side")
    modalities = [modality for learn in members.values() for modality in modalities_of(learn)]
    learn = fitted(run, data, probe_learner(make_loaders(run, data), modalities))
    [result] = judge_members(run, data, PosterEnsemble([learn], names=[HEAD]), "valid")
    return learn, result


def modalities_of(learn: PosterLearner) -> list:  # ValueError
    "What a member looks through."
    if not isinstance(learn, ProbeLearner):
        raise ValueError(
            f"{learn.arch} was trained as a whole, so there is no one head on its features; pass --pool odds or stack"
        )
    return list(learn.modalities)


def fitted(run: Run, data: Data, learn: ProbeLearner) -> ProbeLearner:
    "With a linear head or one with a kernel, whichever does better on validation."
    speed, best = look(run, learn, data.movies), 0
    run.open()  # once: its copies go on in the folder
    for kernel in dict.fromkeys((0, run.config["kernel"])):
        training = fit_head(replace(run, config=run.config | {"kernel": kernel}), data, learn, speed=speed)
        reached = max(map(score, training.history.to_dict("records")))
        if reached > best:
            best, head = reached, learn.model.head
    learn.model.head = head
    fit_probabilities(run, learn, data.side("valid"))
    return learn


def merit(result: Evaluation) -> float:
    "What is chosen by, as heads are."
    own = figures(result)[result.name]
    return score({name: own[name]["value"] for name in SHOWN})


def told(learn, way: str, pool: str) -> Training:
    "How all was put together, for the report."
    parameters = count_parameters(*(member.model for member in learn.members))
    how = {
        "odds": "their log-odds are added, with a weight for each, chosen on validation",
        "stack": "their log-odds are added, with a weight for each and genre, chosen on validation",
        HEAD: "one head stands on all their features",
    }
    words = (
        f"Each kind of evidence has a head of its own, fitted on what is frozen, or was trained before; {how[way]}. "
        f"Of odds, stack and head this is the way asked for, or the best on validation; ablation.md, made with {pool}, "
        f"has what each is worth. {learn.arch}, {parameters:,} parameters."
    )
    return Training(learn.arch, parameters, words, "Evidence")


if __name__ == "__main__":
    command(main, epilog=__doc__)
