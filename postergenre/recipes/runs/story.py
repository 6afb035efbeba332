"""How a model came about, in the sentences that a run leaves for its report."""

POOLED = {"mean": "averaged", "odds": "put together by adding their log-odds relative to the genres' frequencies"}


def trained_words(
    arch: str, parameters: int, epochs: int, best: int, minutes: float, device: str, speed: float | None = None
) -> str:  # best: number of the epoch that is kept, the first is 0
    "Of a network that was trained, at a speed of so many posters a second (None or 0: not said)."
    return (
        f"Loss and validation figures of {epochs} epochs. The epoch with the best validation top-n accuracy, number "
        f"{best} (the first is 0), is the one kept. {_size(arch, parameters)}; {_took(minutes, device, speed)}."
    )


def fitted_words(
    arch: str, parameters: int, strengths: int, best: float, minutes: float, device: str, speed: float | None = None
) -> str:  # strengths: how many were tried; best: the one that is kept
    "Of a head that was fitted on a frozen network; speed: of looking at posters."
    return (
        f"The network is frozen and its features are kept in files; its head was fitted with {strengths} strengths of "
        f"the penalty. The one with the best mean of validation top-n accuracy and macro AP, {best:g}, is kept. "
        f"{_size(arch, parameters)}; the fit took {_took(minutes, device, speed)}."
    )


def pooled_words(arch: str, parameters: int, members: int, pool: str = "mean") -> str:
    "Of learners that were put together: how they are called, the parameters of all, how many there are."
    return (
        f"Nothing was trained: the probabilities of {members} learners are {POOLED[pool]}, with weights chosen on the "
        f"validation movies ({_size(arch, parameters)}). How each was trained stands in its own report."
    )


def _size(arch: str, parameters: int) -> str:
    return f"{arch}, {parameters:,} parameters"


def _took(minutes: float, device: str, speed: float | None) -> str:
    return f"{minutes:.1f} minutes on {device}" + (f", {speed:,.0f} posters a second" if speed else "")
