"""Sequences whose values are made when they are asked for, so that a million of them take no memory."""

from collections.abc import Callable, Sequence


class Lazy(Sequence):
    "Values that are made anew each time that they are asked for."

    def __init__(
        self,
        make: Callable[[int], object],  # place, from 0 -> value
        n: int,  # how many there are
    ):
        self.make, self.n = make, n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int | slice):
        places = range(self.n)[i]
        return [self.make(place) for place in places] if isinstance(i, slice) else self.make(places)
