"""Writes `clip.html`, the answer for one clip as a page: one file that loads nothing from elsewhere.

The page shows the clip's pictures with the contours over them, the curves, and everything else that is known of the
clip. Its Content-Security-Policy allows the page's own script and style, by their hashes, and pictures inside the
page, and nothing else. So a name that were not escaped still could not run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from lvzoo.files import atomic_file
from lvzoo.report import clip_page_words as words
from lvzoo.report.clip_page_charts import draw_sizes, draw_trust, place_frames
from lvzoo.report.clip_page_pictures import Pictures, draw_thumbnail, to_base64
from lvzoo.report.clip_page_shapes import make_path, shape_scale
from lvzoo.report.clip_page_tables import count_flags, list_beats, list_frames
from lvzoo.report.clip_page_values import (
    NO_TIMES_FPS,
    list_flags,
    list_moments,
    read_areas,
    read_times,
    read_volumes,
    used_beats,
)
from lvzoo.report.jinja import environment
from lvzoo.types.answer import NO_MEDICAL_DEVICE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from lvzoo.report.clip_page_charts import Across
    from lvzoo.report.clip_page_values import Sizes
    from lvzoo.types.answer import ClipAnswer, View


class ClipPage:
    """Collects the pictures of a clip, frame by frame, and writes the page at the end.

    `likely_frames` is the number of frames to expect, if it is known: pictures then get their final size at once.
    """

    def __init__(self, view: View, *, likely_frames: int | None = None) -> None:
        self.pictures = Pictures(view, likely_frames=likely_frames)

    def add(self, frame_HW: NDArray[np.uint8]) -> None:
        """Add the next frame of the clip, its whole grey picture. Each item of the answer's arrays has one."""
        self.pictures.add(frame_HW)

    def write(self, answer: ClipAnswer, path: Path) -> None:
        """Write the page, complete or not at all."""
        page = environment().get_template("clip.html.j2").render(_context(answer, self.pictures))
        with atomic_file(path) as temporary:
            temporary.write_text(page, encoding="utf-8")

    def write_thumbnail(self, answer: ClipAnswer, path: Path) -> None:
        """Write a small JPEG of the first frame that the page shows, with its outline, for the index page."""
        start = _find_start(answer)
        start -= start % self.pictures.stride
        jpeg = self.pictures.jpegs[start]
        assert jpeg is not None  # noqa: S101 - every `stride`-th frame has a picture
        with atomic_file(path) as temporary:
            temporary.write_bytes(draw_thumbnail(jpeg, self.pictures.view, answer.outlines[start]))


def _context(answer: ClipAnswer, pictures: Pictures) -> Mapping[str, Any]:
    """Return everything that the page shows; the template only places it."""
    if len(pictures.jpegs) != len(answer.frame_numbers_N):
        message = f"{len(pictures.jpegs)} pictures for {len(answer.frame_numbers_N)} frames"
        raise ValueError(message)
    times_s_N, flags_N = read_times(answer), list_flags(answer)
    volumes, areas = read_volumes(answer), read_areas(answer)
    across = place_frames(times_s_N, answer.frame_numbers_N)
    frames, step = list_frames(answer, times_s_N=times_s_N, volumes=volumes, areas=areas, flags_N=flags_N)
    doubtful = [at for at, trusted in enumerate(answer.trust.trusted_N) if not trusted]
    checks = [model.name for model in answer.models if model.role == "check"]
    return {
        **secure_page("clip"),
        **_draw(
            answer,
            across,
            {"volume": volumes, "area": areas},
            doubtful,
            pictures,
        ),
        "answer": answer,
        "no_medical_device": NO_MEDICAL_DEVICE,
        "synthetic": words.SYNTHETIC if answer.synthetic else "",
        "about": words.describe_clip(answer, times_s_N),
        "speed": words.describe_speed(answer, times_s_N),
        "figures": words.list_figures(answer),
        "view": answer.view,
        "start": _find_start(answer),
        "stride": pictures.stride,
        "answer_name": ", ".join(model.name for model in answer.models if model.role == "answer"),
        "check_name": ", ".join(checks),
        "has_check": any(outline is not None for outline in answer.check_outlines),
        "volumes": volumes,
        "areas": areas,
        "timed": times_s_N is not None,
        "doubtful": len(doubtful),
        "doubts": count_flags(answer, flags_N, trusted=False),
        "oddities": count_flags(answer, flags_N, trusted=True),
        "beats": list_beats(answer, volumes, timed=times_s_N is not None),
        "frames": frames,
        "step": step,
        "roles": words.ROLES,
        "facts": words.list_facts(answer),
        "keys": words.KEYS,
    }


def _draw(
    answer: ClipAnswer, across: Across, sizes: Mapping[str, Sizes], doubtful: list[int], pictures: Pictures
) -> Mapping[str, Any]:
    """Return the charts, and the data of the page's script."""
    moments, numbers = list_moments(answer), answer.frame_numbers_N.tolist()
    drawn = {name: draw_sizes(each, across, moments, doubtful, numbers) for name, each in sizes.items()}
    trust, times_s_N = answer.trust, read_times(answer)
    data = {
        "times_s": None if times_s_N is None else np.round(times_s_N, 4).tolist(),
        "fps": answer.fps or NO_TIMES_FPS,
        "numbers": numbers,
        "start": _find_start(answer),
        "pictures": to_base64(pictures.jpegs),
        "stride": pictures.stride,
        "view": [answer.view.width, answer.view.height],
        "paths": [
            [make_path(outline, answer.view) for outline in outlines]
            for outlines in (answer.outlines, answer.check_outlines)
        ],
        "across": np.round(across.percents_N, 2).tolist(),
        "down": {name: [None if y is None else round(y, 1) for y in ys] for name, (_, ys) in drawn.items()},
        "sizes": {
            name: [each.write(value) for value in each.values_N.tolist()] for name, each in sizes.items()
        },
        "dice": [None if np.isnan(dice) else round(dice, 2) for dice in trust.dice_N.tolist()],
        "doubtful": doubtful,
        "moments": [[moment.position, moment.words] for moment in moments],
    }
    return {
        "data": _escape_json(data),
        "scale": shape_scale(answer.view),
        "charts": {name: chart for name, (chart, _) in drawn.items()},
        "trust_chart": draw_trust(
            trust.dice_N, trust.low_N, trust.high_N, across=across, doubtful=doubtful, numbers=numbers
        ),
        "poster": to_base64(pictures.jpegs[:1])[0],
    }


def _find_start(answer: ClipAnswer) -> int:
    """Return the frame that the page shows first: the first end-diastole that counts, else the first frame."""
    return next((beat.ed for beat in used_beats(answer) if beat.ed is not None), 0)


def secure_page(name: str) -> Mapping[str, Any]:
    """Return the page's style and script, and the policy that allows these and nothing else."""
    sources = {kind: environment().get_template(f"{name}.{kind}.j2").render() for kind in ("css", "js")}
    hashes = {kind: f"'sha256-{_digest(source)}'" for kind, source in sources.items()}
    return {
        "style": Markup(sources["css"]),  # noqa: S704 - our own file
        "script": Markup(sources["js"]),  # noqa: S704 - our own file
        "policy": f"default-src 'none'; img-src data:; style-src {hashes['css']}; script-src {hashes['js']}; "
        "base-uri 'none'; form-action 'none'",
    }


def _digest(source: str) -> str:
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def _escape_json(data: Mapping[str, Any]) -> Markup:
    """Return data as JSON that can stand inside a script element: no letter of it can end the element."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704 - escaped above
