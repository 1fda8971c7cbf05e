"""Shares a trained model on the Hugging Face hub: its weights file and its page, and nothing else.

`lvzoo.push` is the same as the command `lvzoo push`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from lvzoo.arguments import check_path
from lvzoo.errors import DataError, UsageError, name_option
from lvzoo.weights import KEY, WeightsCard
from lvzoo.weights.calibration import name_data
from lvzoo.weights.header import read_metadata
from lvzoo.weights.hub import LOG_IN, find_status, is_of_hub, shorten
from lvzoo.weights.hub_name import FILE, SCHEME, HubName, is_hub_name, parse_hub_name
from lvzoo.weights.locate import locate
from lvzoo.weights.network import read_model
from lvzoo.weights.page import render_card
from lvzoo.weights.trained import find_card

PAGE: Final = "README.md"
"""The page of a repository, which the hub shows."""
TAGS: Final = ("lvzoo", "echocardiography", "left-ventricle", "medical")
LICENCES: Final = frozenset(("mit", "apache-2.0", "bsd-3-clause", "cc-by-4.0", "cc-by-nc-4.0", "cc0-1.0"))
"""The hub's identifiers of common licences. The hub refuses a page with an identifier that it does not know."""
REAL: Final = (
    "it was {} on {}; the terms of a data set may forbid sharing a model that was fitted to it, even in a "
    "private repository"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """What is to be uploaded: a weights file, and the text of its page.

    `cautions` say why the weights may not be passed on. They come from the card.
    """

    repo: str
    private: bool
    weights: Path
    page: str
    card: WeightsCard
    cautions: tuple[str, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """What is uploaded where, in words."""
        seen = "private" if self.private else "public, unless the repository exists and is private"
        return (
            f"to {self.repo} ({seen}):",
            f"  {FILE}  {self.weights.stat().st_size / 1e6:.2f} MB: {self.card.entry}, trained on {self.card.data}",
            f"  {PAGE}  {len(self.page.encode()) / 1e3:.1f} kB: its card",
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Pushed:
    """A model on the hub: its pinned name, which every command takes, and whether only its owner can read it."""

    name: str
    private: bool


def push(
    model: str | Path,
    repo: str,
    *,
    private: bool = False,
    yes: bool = False,
    registries: Sequence[Path] = (),
) -> Pushed:
    """Upload a model's weights file and page to a repository on the Hugging Face hub, which is made if it is missing.

    Args:
        model: a weights file, or an entry that carries weights. A trial's folder must be packed first.
        repo: `OWNER/NAME`. If it holds a model already, that one stays in the history.
        private: make a private repository.
        yes: the terms of the model's data set allow sharing it. Needed if it was fitted to real patients.
        registries: further registry.yaml files.

    Raises:
        UsageError: `repo` is not such a name, or the model was fitted to real patients and `yes` is false.
        DataError: the model is damaged, there is no token, or the hub refuses the upload.
        LvzooError: the model is not available.
    """
    upload = plan_upload(model, repo, private=private, registries=registries)
    if upload.cautions and not yes:
        raise make_caution_error(upload)
    return send(upload)


def plan_upload(
    model: str | Path, repo: str, *, private: bool = False, registries: Sequence[Path] = ()
) -> Upload:
    """Check a model and return what is to be uploaded. Contacts nobody, unless the model itself is on the hub."""
    _check_repo(repo)
    check_path(model, "model")
    found = locate(model, registries=registries)
    if found.trial is not None:
        raise UsageError(
            f"{model}: is a trial's folder; write its weights file first (`lvzoo pack {model}`), and push that"
        )
    if others := sorted(read_metadata(found.path).keys() - {KEY, "format"}):
        raise DataError(
            f"{found.named}: its header has another text than the card ({others[0]!r}), which would be uploaded too; "
            "pack its trial again"
        )
    read_model(found)  # so that nobody gets a damaged file, or tensors that are not the network's
    card = find_card(found)
    return Upload(
        repo=repo,
        private=private,
        weights=found.path,
        page=render_page(card, repo, size_bytes=found.path.stat().st_size),
        card=card,
        cautions=tuple(list_cautions(card)),
    )


def send(upload: Upload) -> Pushed:
    """Upload a model in one commit, and return its pinned name.

    Raises:
        DataError: there is no token, the hub refuses the upload or cannot be reached, or the repository is public and
            a private one was asked for.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, constants, get_token

    if constants.HF_HUB_OFFLINE:
        raise DataError(f"{upload.repo}: HF_HUB_OFFLINE is set, so nothing can be uploaded; unset it")
    if get_token() is None:
        raise DataError(f"{upload.repo}: no token for {constants.ENDPOINT}; {LOG_IN}")
    api = HfApi()
    try:
        api.create_repo(upload.repo, private=upload.private, exist_ok=True)
        private = bool(api.model_info(upload.repo).private)
        _check_visibility(upload, private=private)
        made = api.create_commit(
            upload.repo,
            [
                CommitOperationAdd(path_in_repo=FILE, path_or_fileobj=str(upload.weights)),
                CommitOperationAdd(path_in_repo=PAGE, path_or_fileobj=upload.page.encode()),
            ],
            commit_message=f"lvzoo: {upload.card.entry}",
        )
    except Exception as error:
        if not is_of_hub(error):
            raise
        raise DataError(f"{upload.repo}: {_explain(error)}") from error
    return Pushed(name=str(HubName(repo=upload.repo, revision=made.oid)), private=private)


def _check_visibility(upload: Upload, *, private: bool) -> None:
    """Raise DataError if a private repository was asked for, and the one of that name is public."""
    if upload.private and not private:
        raise DataError(
            f"{upload.repo}: exists and is public, so nothing was uploaded; name another repository"
        )


def _check_repo(repo: str) -> None:
    """Raise UsageError unless a text is OWNER/NAME."""
    check_path(repo, "repo")
    bare = str(repo)
    if is_hub_name(bare):
        raise UsageError(
            f"{repo}: write the repository as OWNER/NAME, without {SCHEME} and without a revision"
        )
    try:
        fits = parse_hub_name(f"{SCHEME}{bare}") == HubName(repo=bare)
    except UsageError:
        fits = False
    if not fits:
        raise UsageError(f"{repo}: not the name of a repository; write OWNER/NAME, for example you/unet-fast")


def _explain(error: Exception) -> str:
    """Return what is wrong, and what to do next, if the hub does not take an upload."""
    from huggingface_hub import constants

    status = find_status(error)
    if status is None:
        return f"{constants.ENDPOINT} cannot be reached ({shorten(error)}); try again later"
    if status in {401, 403}:
        return f"the hub refuses the upload ({shorten(error)}); {LOG_IN}, with a token that may write to this owner"
    return f"the hub refuses the upload ({shorten(error)}); see {constants.ENDPOINT}, and try again"


# --- What the page and the messages say ---------------------------------------------------------------------------


def render_page(card: WeightsCard, repo: str, *, size_bytes: int) -> str:
    """Return the page of a repository: facts for the hub's search, the card, and how to use the model."""
    name = HubName(repo=repo, revision="COMMIT")
    return (
        f"---\n{yaml.safe_dump(_describe_to_hub(card), sort_keys=False)}---\n"
        f"{render_card(card, file=FILE, size_bytes=size_bytes)}"
        "\n## How to use it\n\n"
        "In place of COMMIT, name a commit of this repository, so that the weights stay the same:\n\n"
        f"```sh\nlvzoo predict clip.avi --model {name}\nlvzoo eval {name} --data DIR\n```\n"
    )


def _describe_to_hub(card: WeightsCard) -> dict[str, Any]:
    """Return the facts at the top of the page.

    The licence is that of the entry. It is left out if the weights have seen real patients or pretrained weights,
    whose terms it does not know.
    """
    licence = (card.licence or "").lower()
    free = not list(list_cautions(card)) and not card.started_from
    return {
        "library_name": "lvzoo",
        "pipeline_tag": "image-segmentation",
        "tags": list(TAGS),
        **({"license": licence} if licence in LICENCES and free else {}),
    }


def list_cautions(card: WeightsCard) -> Iterator[str]:
    """Yield why the weights may not be passed on: what in them comes from real patients, or may come from them."""
    if not card.trained_on.synthetic:
        whose = "" if card.trained_on.elsewhere else "real patients of "
        yield REAL.format("trained", f"{whose}{card.trained_on}")
    if card.calibration is not None and not card.calibration.synthetic:
        yield REAL.format("calibrated", f"real patients of {name_data(card.calibration)}")


def make_caution_error(upload: Upload) -> UsageError:
    """Return the error for a model whose weights may not be passed on."""
    return UsageError(
        f"{upload.card.entry}: {'; '.join(upload.cautions)}; if they allow it, add {name_option('yes')}"
    )
