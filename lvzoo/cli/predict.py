"""`lvzoo predict`: a trained model on one's own clips."""

from __future__ import annotations

from pathlib import Path

import click

from lvzoo.errors import LvzooError


@click.command()
@click.argument("clips", metavar="CLIP...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model",
    metavar="TRIAL",
    required=True,
    type=click.Path(path_type=Path),
    help="A trial's folder of a run: runs/NAME/trials/unet-s0.",
)
@click.option(
    "--out",
    metavar="DIR",
    default="predictions",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where to write a folder for each clip.",
)
@click.option("--device", metavar="NAME", default="auto", show_default=True, help="auto, cpu or cuda.")
def predict(*, clips: tuple[Path, ...], model: Path, out: Path, device: str) -> int:
    """Segment the left ventricle in AVI, MP4 or DICOM clips: a mask for every frame, and an overlay video.

    Prints a folder for each clip. A clip that fails is named on stderr, and the others go on.
    """
    from lvzoo.prediction import predict_each

    code = 0
    for result in predict_each(clips, model=model, out=out, device=device):
        if isinstance(result, LvzooError):
            click.echo(f"error: {result}", err=True)
            code = result.exit_code
        else:
            click.echo(result.folder)
    return code
