"""`lvzoo predict`: segment clips with a trained model."""

from __future__ import annotations

from pathlib import Path

import click

from lvzoo.cli.options import device_option, registry_option
from lvzoo.errors import LvzooError


@click.command()
@click.argument("clips", metavar="CLIP...", nargs=-1, required=True, type=click.Path(path_type=Path))
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
@device_option
@registry_option
def predict(
    *, clips: tuple[Path, ...], model: str | None, out: Path, device: str, registries: tuple[Path, ...]
) -> int:
    """Segment the left ventricle in your own clips.

    CLIP is an AVI, MP4 or DICOM file. Writes a mask for every frame, and an overlay video. Prints the path of one
    folder per clip. If a clip fails, its error is printed on stderr, and the next clip follows.
    """
    from lvzoo.workflows.predict import predict_each

    code = 0
    for result in predict_each(clips, model=model, out=out, device=device, registries=registries):
        if isinstance(result, LvzooError):
            click.echo(f"error: {result}", err=True)
            code = result.exit_code
        else:
            click.echo(result.folder)
    return code
