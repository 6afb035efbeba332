"""Numbers that a user gives, checked before the long work that they are for."""


def check_counts(**counts: int) -> None:  # ValueError: which is how much too small
    "Makes sure that a batch (bs) holds a poster or more, and that nothing else (workers) is below 0."
    for name, n in counts.items():
        if n < (least := int(name == "bs")):
            raise ValueError(f"{name}={n} should be {least} or more, for example {name}={32 if least else 0}")
