"""Work that is done while what came before it is used: posters are opened while a network looks at others."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor


def ahead(function: Callable, items: Iterable) -> Iterator:
    "function(item) of each, in order; in a thread, always one further than what was taken."
    with ThreadPoolExecutor(1) as pool:
        coming = None
        for item in items:
            done, coming = coming, pool.submit(function, item)
            if done is not None:
                yield done.result()
        if coming is not None:
            yield coming.result()
