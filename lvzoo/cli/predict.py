"""`lvzoo predict`: segment clips with a trained model."""

from __future__ import annotations

from pathlib import Path

import click

from lvzoo.cli.options import ClipPath, device_option, registry_option
from lvzoo.cli.progress import show_clips
from lvzoo.errors import DataError, show_name
from lvzoo.weights.carried import DEFAULT_MODELS


@click.command()
@click.argument("clips", metavar="CLIP...", nargs=-1, required=True, type=ClipPath())
@click.option(
    "--model",
    "models",
    metavar="MODEL",
    multiple=True,
    help="An entry with weights, a weights file, or the folder of a trial in a run. Repeat it to predict with the "
    f"mean of several models.  [default: {' and '.join(DEFAULT_MODELS)}]",
)
@click.option(
    "--out",
    metavar="DIR",
    default="predictions",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where to write one folder per clip.",
)
@click.option(
    "--fps",
    type=float,
    metavar="RATE",
    help="Frames per second, for clips that do not state it; replaces the times in the file.",
)
@click.option(
    "--no-smoothing",
    "smoothing",
    flag_value=False,
    default=True,
    help="Predict each frame by itself. By default, predictions are averaged in time, with a Gaussian of 40 ms.",
)
@click.option(
    "--tta",
    is_flag=True,
    help="Average over shifted and scaled copies of each frame (test-time augmentation). The model then runs seven "
    "times per frame.",
)
@device_option
@registry_option
def predict(
    *,
    clips: tuple[Path, ...],
    models: tuple[str, ...],
    out: Path,
    fps: float | None,
    smoothing: bool,
    tta: bool,
    device: str,
    registries: tuple[Path, ...],
) -> int:
    """Segment the left ventricle in your own clips.

    CLIP is a video (AVI, MP4, MOV, WebM, ...), a DICOM or NIfTI file, a GIF, or a folder or pattern of numbered
    pictures. A folder is searched for clips. Writes a mask for every frame, the area curve and an overlay video.
    Prints the path of one folder per clip. If a clip fails, its error is printed on stderr, the next clip follows,
    and the exit code is 4.
    """
    from lvzoo.workflows.predict import predict_each

    code = 0
    with show_clips() as progress:
        for result in predict_each(
            clips,
            model=models or None,
            out=out,
            fps=fps,
            smoothing=smoothing,
            tta=tta,
            device=device,
            registries=registries,
            on_frames=progress.show,
        ):
            progress.hide()
            if isinstance(result, DataError):
                click.echo(f"error: {result}", err=True)
                code = result.exit_code
            else:
                click.echo(show_name(result.folder))
    return code
