"""`lvzoo predict`: a trained model on one's own clips."""

from __future__ import annotations

from pathlib import Path

import click


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
def predict(*, clips: tuple[Path, ...], model: Path, out: Path, device: str) -> None:
    """Segment the left ventricle in AVI, MP4 or DICOM clips: a mask for every frame, and an overlay video."""
    from lvzoo.prediction import predict as predict_clips

    def tell(done: int, total: int, clip: Path) -> None:
        click.echo(f"[{done + 1}/{total}] {clip}", err=True)

    for result in predict_clips(clips, model=model, out=out, device=device, on_clip=tell):
        click.echo(result.folder)
