"""Lines of text as RapidOCR comes: how models of before `portable.lines` had their posters read, and still have."""

from collections.abc import Iterator

import numpy as np


class PaddedLines:
    "Every line padded to the width of the widest of six, by the code of the package rapidocr."

    def __init__(self, threads: int, side: int):  # side: pixels of a picture's longer side, at most
        from rapidocr import RapidOCR  # of an extra

        said = {"Global.log_level": "critical", "Global.use_cls": False}
        said |= {"EngineConfig.onnxruntime.intra_op_num_threads": threads}
        said |= {"EngineConfig.onnxruntime.inter_op_num_threads": 1}
        self.engine = RapidOCR(params=said | {"Det.limit_type": "max", "Det.limit_side_len": side})

    def __call__(
        self,
        picture: np.ndarray,  # uint8 (height, width, 3), BGR
    ) -> Iterator[tuple[np.ndarray, str, float]]:  # as of portable.lines.NarrowedLines
        "The lines in a picture."
        found = self.engine(picture)
        if found.txts is not None:
            yield from zip(np.asarray(found.boxes, dtype=np.float64), found.txts, found.scores, strict=True)
