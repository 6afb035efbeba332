"""The options that all recipes share: the movies of a run, the side each stands on, where files go."""

from collections.abc import Mapping

from postergenre.vision.weights import LITE


def shared(
    data: str | None = None,  # folder in the study's layout, or a table file; else POSTERGENRE_DATA, else demo posters
    genres: list[str] | None = None,  # genres to learn, if not the study's 20
    mapping: str | None = None,  # TOML file of genres to merge or drop, a line each: "neo-noir" = "noir"; "News" = ""
    poster_col: str = "poster",  # column of poster files, in a table
    genre_col: str = "genres",  # column of genres, in a table
    delim: str = ",",  # what stands between two genres
    sep: str | None = None,  # what stands between two cells: a sign, tab, semicolon, ... (default: found)
    strict: bool = False,  # an unreadable poster is an error; no: its movie is left out
    seed: int = 42,  # of the split, of --limit, of the order, the crops and the first weights
    limit: int | None = None,  # use only this many movies, 1 or more, chosen at random: for a quick try
    precision: str = "auto",  # of a network's training: fp32, bf16, or auto: bf16 where the processor is faster with it
    workers: int = 0,  # processes that read posters: 0 on a CPU, 4 to 16 beside a GPU; random crops differ with it
    shards: str | None = None,  # folder to keep decoded posters in, for GPUs that would wait for a decoder
    cache: str = "runs/features",  # folder of what was found on posters, so that the next run need not look again
    out: str | None = None,  # folder to write to (default: runs/RECIPE, runs/RECIPE-2, ...); a series goes on in it
    resume: bool = False,  # go on with the run that these options began, at --out or in runs/, where it was stopped
) -> dict:
    "The options by name, those that were not given with their defaults."
    return dict(locals())


def all_options(given: Mapping) -> dict:  # TypeError: an option that nobody knows
    "Every option of a recipe by name, from the locals() of a `main` that delegates to `shared`."
    options = {name: value for name, value in given.items() if name != "kwargs"} | shared(**given["kwargs"])
    if options.get("pretrained") and options.get("weights") == LITE:  # which is the default, and no one's wish
        options["weights"] = None
    return options
