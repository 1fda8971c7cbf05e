"""Networks in ONNX files. The options describe a file from elsewhere; a file of `lvzoo export` describes itself."""

from lvzoo.foreign.onnx import OnnxLandmarkModel, OnnxMaskModel
from lvzoo.foreign.wrap import Scores, read_numbers


class OnnxMask(OnnxMaskModel):
    """A mask network. 0 rows and columns, or 0 channels, mean what the file states."""

    def __init__(
        self,
        *,
        path: str,
        rows: int,
        columns: int,
        channels: int,
        scale: float,
        mean: str,
        std: str,
        scores: Scores,
        target: int,
    ) -> None:
        super().__init__(
            path,
            size_HW=(rows, columns) if rows or columns else None,
            channels=channels or None,
            scale=scale,
            mean=read_numbers(mean),
            std=read_numbers(std),
            scores=scores,
            target=target,
        )


class OnnxLandmarks(OnnxLandmarkModel):
    """A landmark network."""

    def __init__(self, *, path: str) -> None:
        super().__init__(path)
