"""`lvzoo predict`: segment clips with a trained model."""

from __future__ import annotations

from pathlib import Path

import click

from lvzoo.cli.options import ClipPath, device_option, registry_option
from lvzoo.cli.progress import show_clips
from lvzoo.errors import DataError, show_name


@click.command()
@click.argument("clips", metavar="CLIP...", nargs=-1, required=True, type=ClipPath())
@click.option(
    "--model",
    metavar="MODEL",
    help="An entry with weights, a weights file, or the folder of a trial in a run.  [default: unet-fast]",
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
@device_option
@registry_option
def predict(
    *,
    clips: tuple[Path, ...],
    model: str | None,
    out: Path,
    fps: float | None,
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
            model=model,
            out=out,
            fps=fps,
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
