"""Checks the names of encoders and pretrained weights, and gets weights into the cache of the Hugging Face hub.

Without a network, the hub's library retries for a minute before it fails. So we look into the cache first, then test
whether the hub answers at all, and only then download.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import segmentation_models_pytorch as smp
import timm
from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import LocalEntryNotFoundError

from lvzoo.errors import PluginError, did_you_mean, one_line

TIMM: Final = "tu-"
"""The prefix of timm models in segmentation-models-pytorch."""
ANSWER_TIMEOUT_S: Final = 5.0


def encoder_arguments(encoder: str, weights: str | None) -> dict[str, Any]:
    """Return the keyword arguments with which segmentation-models-pytorch builds the encoder.

    Its weights are in the cache afterwards.

    Raises:
        PluginError: unknown encoder or weights, or the weights are neither in the cache nor downloadable.
    """
    _check_encoder(encoder)
    if weights is None:
        return {"encoder_name": encoder, "encoder_weights": None}
    if encoder.startswith(TIMM):
        return _timm_arguments(encoder, weights)
    known: dict[str, dict[str, str]] = smp.encoders.encoders[encoder]["pretrained_settings"]
    _check_weights(encoder, weights, known)
    hub = known[weights]
    for name in ("config.json", "model.safetensors"):
        _fetch(hub["repo_id"], name, revision=hub["revision"])
    return {"encoder_name": encoder, "encoder_weights": weights}


def _timm_arguments(encoder: str, weights: str) -> dict[str, Any]:
    """Return the keyword arguments for a timm model; they name the file, because timm would ask the hub again."""
    tags = {name.partition(".")[2]: name for name in timm.list_pretrained(f"{encoder.removeprefix(TIMM)}.*")}
    _check_weights(encoder, weights, tags)
    settings = timm.get_pretrained_cfg(tags[weights])
    if settings is None or not settings.hf_hub_id:
        raise PluginError(
            f"encoder {encoder!r}: the timm weights {weights!r} are not on the Hugging Face hub; choose others, or "
            "set weights to null"
        )
    file = _fetch(settings.hf_hub_id, "model.safetensors")
    return {
        "encoder_name": f"{TIMM}{tags[weights]}",
        "encoder_weights": True,
        "pretrained_cfg_overlay": {"file": str(file)},
    }


def _check_encoder(encoder: str) -> None:
    """Check that the encoder is known.

    Raises:
        PluginError: it is not.
    """
    known = [*smp.encoders.get_encoder_names(), *(f"{TIMM}{name}" for name in timm.list_models())]
    if encoder not in known:
        bare = encoder.partition(".")[0]
        hint = (
            f" (give weights by the option weights: encoder {bare!r})"
            if bare in known
            else did_you_mean(encoder, known)
        )
        raise PluginError(
            f"unknown encoder {encoder!r}{hint}; use an encoder of segmentation-models-pytorch, or {TIMM} followed "
            "by the name of a timm model"
        )


def _check_weights(encoder: str, weights: str, known: dict[str, Any]) -> None:
    """Check that the encoder has weights of that name.

    Raises:
        PluginError: it does not.
    """
    if weights not in known:
        choices = f"use one of {', '.join(known)}, or" if known else "it has none; use"
        raise PluginError(
            f"encoder {encoder!r} has no weights {weights!r}{did_you_mean(weights, known)}; {choices} null for no "
            "pretrained weights"
        )


def _fetch(repository: str, name: str, *, revision: str | None = None) -> Path:
    """Return the path of a hub file in the cache, after downloading it if it is missing.

    Raises:
        PluginError: it is missing and cannot be downloaded.
    """
    try:
        return Path(hf_hub_download(repository, name, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        reason = _find_why_unreachable()
    if reason is None:
        try:
            return Path(hf_hub_download(repository, name, revision=revision))
        except OSError as error:  # the base class of the hub's errors and of network errors
            reason = one_line(error) or type(error).__name__
    at = f" --revision {revision}" if revision else ""
    raise PluginError(
        f"the pretrained weights {repository} are not in the cache {constants.HF_HUB_CACHE} and cannot be "
        f"downloaded from {constants.ENDPOINT} ({reason}); set weights to null, or fill the cache on a machine with "
        f"a network (hf download {repository}{at}) and copy it here"
    )


def _find_why_unreachable() -> str | None:
    """Return why the hub cannot be reached, or None if it answers, with any status."""
    request = Request(constants.ENDPOINT, method="HEAD")  # noqa: S310 - the address that the hub's library uses
    try:
        with urlopen(request, timeout=ANSWER_TIMEOUT_S):  # noqa: S310 - the same
            return None
    except HTTPError:
        return None
    except URLError as error:
        # the hub's library has its own certificates, so it may succeed where this Python's certificates fail
        return None if isinstance(error.reason, ssl.SSLError) else str(error.reason)
    except OSError as error:
        return str(error) or type(error).__name__
