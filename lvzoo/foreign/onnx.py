"""Runs an ONNX file with ONNX Runtime (the extra `onnx`), as a network that a plugin can offer.

A file that `lvzoo export` wrote needs no description: its metadata say what it predicts. The plugin describes any
other file, like every network that was trained elsewhere (`lvzoo.foreign.wrap`).

A weights file of such a network holds the hash of the ONNX file and no tensors of the network. So a weights file
belongs to one ONNX file, and another ONNX file is another model.

Letters in names: B batch, C channels, K landmarks, H rows, W columns.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from lvzoo.errors import DataError, PluginError, explain_exception
from lvzoo.exports.network import KEY, LandmarkRule, MaskRule, Rule, parse_rule
from lvzoo.foreign.file_network import FileNetwork, Stated, parse_stated
from lvzoo.foreign.wrap import ForeignMaskModel, Scores
from lvzoo.models.base import LandmarkModel
from lvzoo.types import FRAME_SIZE_HW, Batch
from lvzoo.weights.moved import Border

T = TypeVar("T")
TYPES: Final[Mapping[str, type[np.floating[Any]]]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
}
"""The types of input that are run, as ONNX Runtime names them."""
ONE_FILE: Final = "if its weights lie in a file beside it, join them: `onnx.save(onnx.load(PATH), OTHER)`"


class OnnxNetwork(FileNetwork):
    """The network of an ONNX file with one input (B, C, H, W). It runs on the CPU and cannot be trained.

    `digest` is the SHA-256 of the file. It is a buffer, so a weights file holds it, and weights that hold another one
    are refused.
    """

    digest: torch.Tensor
    format = "ONNX"

    def __init__(self, path: str | Path) -> None:
        """Read the file.

        Raises:
            PluginError: the file is missing, or ONNX Runtime cannot run it.
        """
        super().__init__()
        self.path = Path(path)
        content = _read(self.path)
        self.session = _open_session(content, self.path)
        inputs = self.session.get_inputs()
        if len(inputs) != 1 or inputs[0].type not in TYPES or len(inputs[0].shape) != 4:
            shapes = ", ".join(f"{each.type} {each.shape}" for each in inputs) or "no input"
            raise PluginError(
                f"{self.path}: takes {shapes}; lvzoo runs files with one float input (B, C, H, W)"
            )
        [given] = inputs
        self.given = given.name
        self.dtype = TYPES[given.type]
        self.shape_BCHW: tuple[int | None, ...] = tuple(
            size if isinstance(size, int) and size > 0 else None for size in given.shape
        )
        self.register_buffer(
            "digest", torch.tensor(list(hashlib.sha256(content).digest()), dtype=torch.uint8)
        )
        self.register_load_state_dict_pre_hook(_check_digest)  # type: ignore[no-untyped-call] # torch's

    @property
    def rule(self) -> Rule | None:
        """How the output becomes a mask, as `lvzoo export` wrote it; None for a file from elsewhere.

        Raises:
            PluginError: the metadata are damaged, or of a newer lvzoo.
        """
        return self._read_metadata(parse_rule)

    @property
    def stated(self) -> Stated | None:
        """What the file says about its model; None if `lvzoo export` did not write it.

        Raises:
            PluginError: the metadata are damaged.
        """
        return self._read_metadata(parse_stated)

    def _read_metadata(self, parse: Callable[[Any], T]) -> T | None:
        """Return what `parse` makes of the metadata that `lvzoo export` wrote; None if there are none."""
        text = self.session.get_modelmeta().custom_metadata_map.get(KEY)
        if text is None:
            return None
        try:
            return parse(json.loads(text))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise PluginError(
                f"{self.path}: its metadata are not as this lvzoo writes them ({explain_exception(error)}); export "
                "it again"
            ) from error

    def forward(self, frames_BCHW: torch.Tensor) -> torch.Tensor:
        """Return the first output for frames, on the device of the frames."""
        given_BCHW = frames_BCHW.detach().cpu().numpy().astype(self.dtype)
        output = np.concatenate([self._run(part) for part in _split(given_BCHW, self.shape_BCHW[0])])
        return torch.from_numpy(output[: len(given_BCHW)]).to(frames_BCHW.device)

    def _run(self, frames_BCHW: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        try:
            output = self.session.run(None, {self.given: np.ascontiguousarray(frames_BCHW)})[0]
        except Exception as error:  # ONNX Runtime has classes of its own, which inherit only Exception
            raise PluginError(
                f"{self.path}: ONNX Runtime failed on frames {frames_BCHW.shape}: {explain_exception(error)}; "
                "correct the size and the channels in the plugin"
            ) from error
        return np.asarray(output, dtype=np.float32)


class OnnxMaskModel(ForeignMaskModel):
    """A mask model of an ONNX file. The arguments describe a file from elsewhere, as in `ForeignMaskModel`.

    A file that `lvzoo export` wrote needs none of them: it normalises by itself, and returns logits. The size and the
    channels are those of the file, if it states them.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        size_HW: tuple[int, int] | None = None,
        channels: int | None = None,
        scale: float = 1.0,
        mean: float | Sequence[float] = 0.0,
        std: float | Sequence[float] = 1.0,
        scores: Scores = "logits",
        target: int = 0,
    ) -> None:
        """Read the file.

        Raises:
            PluginError: the file is missing, cannot be run or holds a landmark model, or the arguments contradict
                each other or the file.
        """
        network = OnnxNetwork(path)
        rule = _read_mask_rule(network)
        _, own_channels, rows, columns = network.shape_BCHW
        own_HW = None if rows is None or columns is None else (rows, columns)
        size_HW = _agree(network, "size_HW", size_HW, own_HW) or FRAME_SIZE_HW
        channels = _agree(network, "channels", channels, own_channels) or 1
        super().__init__(
            network,
            size_HW=size_HW,
            channels=channels,
            scale=scale,
            mean=mean,
            std=std,
            scores=scores,
            target=target,
        )
        if rule is not None and rule.threshold:
            Border(self, "mask", -rule.threshold)

    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:  # noqa: ARG002 - the contract's signature
        """Refuse to train."""
        raise _refuse_training(self.network)


class OnnxLandmarkModel(LandmarkModel):
    """A landmark model of an ONNX file that `lvzoo export` wrote; its metadata say how the landmarks are joined."""

    def __init__(self, path: str | Path) -> None:
        """Read the file.

        Raises:
            PluginError: the file is missing or cannot be run, holds no landmark model, or is not from `lvzoo export`.
        """
        network = OnnxNetwork(path)
        rule = _read_landmark_rule(network)
        super().__init__(landmarks=rule.landmarks, curve=rule.curve)
        self.network = network
        if rule.offset_px:
            Border(self, "landmark", rule.offset_px)

    def forward(self, frames_B1HW: torch.Tensor) -> torch.Tensor:
        """Return points (B, K, 2) in pixels."""
        output: torch.Tensor = self.network(frames_B1HW)
        return output

    def loss(self, output: torch.Tensor, batch: Batch) -> torch.Tensor:  # noqa: ARG002 - the contract's signature
        """Refuse to train."""
        raise _refuse_training(self.network)


# --- Reading a file ---------------------------------------------------------------------------------------------


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise PluginError(
            f"{path}: cannot be read ({reason}); name the ONNX file in the option `path`: an absolute path, or one "
            "that starts in the working folder"
        ) from error


def _open_session(content: bytes, path: Path) -> onnxruntime.InferenceSession:
    """Open a file on the CPU, with as many threads as torch has."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3  # errors; warnings about a graph that runs help nobody here
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has classes of its own, which inherit only Exception
        raise PluginError(
            f"{path}: ONNX Runtime cannot run it ({explain_exception(error)}); {ONE_FILE}"
        ) from error


def _check_digest(module: nn.Module, weights: Mapping[str, Any], prefix: str, *_: object) -> None:
    """Raise DataError if weights are loaded that belong to another ONNX file."""
    assert isinstance(module, OnnxNetwork)  # noqa: S101 - the hook is registered there
    there = weights.get(f"{prefix}digest")
    if isinstance(there, torch.Tensor) and not torch.equal(there.cpu(), module.digest.cpu()):
        raise DataError(
            f"{module.path}: is not the file that was adopted; name that file in the option `path`, or call "
            "`lvzoo adopt` again"
        )


def _split(frames_BCHW: NDArray[Any], size: int | None) -> list[NDArray[Any]]:
    """Return the frames in batches of the size that the file demands. The last frame fills up the last batch."""
    if size is None:
        return [frames_BCHW]
    filled_BCHW = np.concatenate([frames_BCHW, np.repeat(frames_BCHW[-1:], -len(frames_BCHW) % size, axis=0)])
    return [filled_BCHW[start : start + size] for start in range(0, len(filled_BCHW), size)]


# --- What a file says of itself ------------------------------------------------------------------------------


def _read_mask_rule(network: OnnxNetwork) -> MaskRule | None:
    """Return the rule of a mask model that `lvzoo export` wrote, or None for a file from elsewhere."""
    if isinstance(network.rule, LandmarkRule):
        raise PluginError(f"{network.path}: holds a landmark model; use a family of landmark models")
    return network.rule


def _read_landmark_rule(network: OnnxNetwork) -> LandmarkRule:
    """Return the rule of a landmark model."""
    if network.rule is None:
        raise PluginError(
            f"{network.path}: was not written by `lvzoo export`, so the order of its landmarks is unknown; write a "
            "LandmarkModel around `OnnxNetwork` that brings them into the order of lvzoo"
        )
    if not isinstance(network.rule, LandmarkRule):
        raise PluginError(f"{network.path}: holds a mask model; use a family of mask models")
    return network.rule


def _agree(network: OnnxNetwork, name: str, given: T | None, own: T | None) -> T | None:
    """Return the value that is given or that the file states. PluginError if they differ."""
    if given is not None and own is not None and given != own:
        raise PluginError(f"{name} is {given}, but {network.path} takes {own}; leave {name} out")
    return own if given is None else given


def _refuse_training(network: nn.Module) -> PluginError:
    assert isinstance(network, OnnxNetwork)  # noqa: S101 - the classes above build it
    return PluginError(
        f"{network.path}: an ONNX file cannot be trained; score it with `lvzoo eval`, or train the torch network "
        "that it was made from"
    )
