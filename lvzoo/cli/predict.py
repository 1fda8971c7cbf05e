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
    help="An entry with weights, a weights file, the folder of a trial in a run, or a model on the Hugging Face hub "
    "(hf://OWNER/NAME@REVISION). Repeat it to predict with the "
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
@click.option(
    "--nifti",
    is_flag=True,
    help="Also write the masks as one NIfTI file with the size of the pixels. Needs nibabel (pip install "
    "'lvzoo[nifti]').",
)
@click.option(
    "--whole-picture",
    is_flag=True,
    help="Show the whole picture in overlays, pages and pictures. By default, they show the sector alone, because "
    "the rest may have the patient's name.",
)
@click.option(
    "--sr",
    is_flag=True,
    help="Also write a DICOM report with the contours and measurements. Only for DICOM clips. Needs highdicom (pip "
    "install 'lvzoo[dicom]').",
)
@click.option(
    "--echonet",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Also add each clip and its tracings to a folder in EchoNet-Dynamic's layout, to correct and to train on.",
)
@click.option("--coco", is_flag=True, help="Also write the contours as COCO polygons, and the pictures.")
@click.option(
    "--keep-identifiers",
    is_flag=True,
    help="Write the patient and the real UIDs into the report, and keep the names of DICOM files that tell whom they "
    "show.",
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
    nifti: bool,
    whole_picture: bool,
    sr: bool,
    echonet: Path | None,
    coco: bool,
    keep_identifiers: bool,
    device: str,
    registries: tuple[Path, ...],
) -> int:
    """Segment the left ventricle in your own clips, and measure its ejection fraction.

    CLIP is a video (AVI, MP4, MOV, WebM, ...), a DICOM or NIfTI file, a GIF, or a folder or pattern of numbered
    pictures. A folder is searched for clips. For each clip, writes a folder with a mask for every frame, tables of
    frames and beats, a summary, an overlay video and a page for the browser; docs/clips.md describes them. Prints
    the path of the folder, and on stderr the ejection fraction and whether to trust it. If a clip fails, its error is
    printed on stderr, the next clip follows, and the exit code is 4. lvzoo is not a medical device.
    """
    from lvzoo.workflows.clip_folder import Wanted
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
            wanted=Wanted(
                nifti=nifti,
                whole_picture=whole_picture,
                sr=sr,
                echonet=echonet,
                coco=coco,
                keep_identifiers=keep_identifiers,
            ),
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
                click.echo(f"{show_name(result.clip.name)}: {result.says}", err=True)
    return code
