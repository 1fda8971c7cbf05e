"""`lvzoo push`: share a trained model on the Hugging Face hub."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from lvzoo.cli.options import registry_option


@click.command()
@click.argument("model")
@click.argument("repo")
@click.option("--private", is_flag=True, help="Make a private repository.")
@click.option(
    "--dry-run", is_flag=True, help="Upload nothing. Show what would be uploaded, and print the page."
)
@click.option(
    "--yes",
    is_flag=True,
    help="The terms of the model's data set allow sharing it, so do not ask.",
)
@registry_option
def push(
    *, model: str, repo: str, private: bool, dry_run: bool, yes: bool, registries: tuple[Path, ...]
) -> None:
    """Share a trained model on the Hugging Face hub.

    MODEL is a weights file (`lvzoo pack` writes one), or an entry with weights. REPO is OWNER/NAME; the repository is
    made if it is missing. Two files are uploaded: the weights, and their card as the page. Both are shown on stderr
    first. If real patients were used to train or calibrate the model, you must confirm that the terms of their data
    set allow sharing it.

    Prints hf://OWNER/NAME@COMMIT, which every command takes as a model. Log in first with `hf auth login`, or set
    HF_TOKEN.
    """
    from lvzoo.workflows.push import make_caution_error, plan_upload, send

    upload = plan_upload(model, repo, private=private, registries=registries)
    for line in (*upload.lines, *(f"caution: {each}" for each in upload.cautions)):
        click.echo(line, err=True)
    if dry_run:
        click.echo(upload.page, nl=False)
        return
    if upload.cautions and not yes:
        if not is_terminal():
            raise make_caution_error(upload)
        click.confirm("upload it?", abort=True, err=True)
    click.echo(send(upload).name)


def is_terminal() -> bool:
    """Return whether somebody can answer a question."""
    return sys.stdin is not None and sys.stdin.isatty()
