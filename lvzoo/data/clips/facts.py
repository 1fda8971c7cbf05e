"""Notes what was read of a clip, and says it: counts, times, damage, and what a reader of the results should know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, Final

from lvzoo.data.clips.calibration import find_spacing
from lvzoo.data.clips.clip import Clip, DamagedFrame, Frame
from lvzoo.data.clips.video.missing import find_missing
from lvzoo.data.crop import Crop
from lvzoo.errors import DataError, name_option, name_some

NO_TIMES: Final = (
    "the file states no times of its frames, so frames.csv has no time_s; state the rate by "
    f"{name_option('fps')}"
)


@dataclass(kw_only=True, slots=True)
class FramesRead:
    """What is known of a clip's frames so far. It keeps a few bytes per frame, and no picture."""

    clip: Clip
    indices: list[int] = field(default_factory=list)
    """The numbers of the frames that decode."""
    times_s: list[float | None] = field(default_factory=list)
    damaged: list[DamagedFrame] = field(default_factory=list)

    def read(self) -> Iterator[Frame]:
        """Yield the frames of the clip that decode, and note all of them."""
        for frame in self.clip.read():
            if isinstance(frame, DamagedFrame):
                self.damaged.append(frame)
                continue
            self.indices.append(frame.index)
            self.times_s.append(frame.time_s)
            yield frame

    def check_any(self) -> None:
        """Raise an error if no frame was read.

        Raises:
            DataError: none of the frames decodes.
        """
        if not self.indices:
            reason = f" ({self.damaged[0].reason})" if self.damaged else ""
            raise DataError(
                f"{self.clip.path}: none of its frames decodes{reason}; check that the file is complete"
            )

    @property
    def are_timed(self) -> bool:
        """Whether every frame has a time, later than that of the frame before."""
        known = [time_s for time_s in self.times_s if time_s is not None]
        return len(known) == len(self.times_s) and all(before < after for before, after in pairwise(known))

    def list_warnings(self, crop: Crop | None) -> list[str]:
        """Return what a reader of the results should know, each in one line."""
        warnings = list(self.clip.warnings)
        count, stated = len(self.indices), self.clip.stated_frames
        if stated is not None and count < stated and self.clip.way != "images":
            warnings.append(
                f"the file states {stated} frames, but only {count} decode; it is damaged or was cut off"
            )
        numbered = [frame for frame in self.damaged if frame.index is not None]
        if numbered:
            first, *others = numbered
            numbers = name_some([str(frame.index) for frame in numbered])
            subject = (
                f"frames {numbers} do not decode; the first" if others else f"frame {numbers} does not decode"
            )
            warnings.append(f"{subject}: {first.reason}")
        if unknown := len(self.damaged) - len(numbered):
            frames = "1 frame does" if unknown == 1 else f"{unknown} frames do"
            warnings.append(f"{frames} not decode, and the times do not show which")
        warnings += find_missing(self.clip, self.indices, self.times_s)
        if self.clip.way == "mjpg-scan":
            warnings.append(f"the file has no usable index; {count} frames were found, and it may be cut off")
        if crop is not None and not crop.sector.fitted:
            warnings.append("no clear sector was found, so a standard one is used; check the overlay")
        if count == 1:
            return warnings  # a single picture needs no times
        if self.clip.times_from is None:
            warnings.append(NO_TIMES)
        elif not self.are_timed:
            warnings.append(
                "the times of the frames do not increase, so frames.csv has no time_s; state the rate by "
                f"{name_option('fps')}"
            )
        return warnings

    def describe(self, crop: Crop | None) -> dict[str, Any]:
        """Return the facts about the clip and its frames for summary.json."""
        calibration = find_spacing(
            self.clip.regions, self.clip.size_HW, None if crop is None else crop.sector
        )
        return {
            "frames": len(self.indices),
            "frames_stated": self.clip.stated_frames,
            "damaged_frames": [frame.index for frame in self.damaged if frame.index is not None],
            "height": self.clip.size_HW[0],
            "width": self.clip.size_HW[1],
            "fps": self.clip.fps,
            "times_from": self.clip.times_from if self.are_timed else None,
            "decoded_by": self.clip.way,
            "crop": None if crop is None else asdict(crop),
            "calibration": asdict(calibration),
        }
