"""Which encoders and pretrained weights there are, and how weights come into the hub's cache.

A library that finds no network tries for a minute before it says so. Here the cache is asked first, then whether
the hub answers at all, and only then is anything downloaded.
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

from lvzoo.errors import PluginError, did_you_mean

TIMM: Final = "tu-"
"""What segmentation-models-pytorch puts before the name of a timm model."""
ANSWER_TIMEOUT_S: Final = 5.0


def encoder_arguments(encoder: str, weights: str | None) -> dict[str, Any]:
    """Return the keywords that make segmentation-models-pytorch build the encoder, its weights in the cache.

    Raises:
        PluginError: no such encoder or weights, or weights that are neither cached nor to be had.
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
        _cached(hub["repo_id"], name, revision=hub["revision"])
    return {"encoder_name": encoder, "encoder_weights": weights}


def _timm_arguments(encoder: str, weights: str) -> dict[str, Any]:
    """Return the keywords for a timm model, which is handed the file: timm would ask the hub again."""
    tags = {name.partition(".")[2]: name for name in timm.list_pretrained(f"{encoder.removeprefix(TIMM)}.*")}
    _check_weights(encoder, weights, tags)
    settings = timm.get_pretrained_cfg(tags[weights])
    if settings is None or not settings.hf_hub_id:
        raise PluginError(
            f"encoder {encoder!r}: timm keeps the weights {weights!r} elsewhere than on the hub; name others, or "
            "set weights to null"
        )
    file = _cached(settings.hf_hub_id, "model.safetensors")
    return {
        "encoder_name": f"{TIMM}{tags[weights]}",
        "encoder_weights": True,
        "pretrained_cfg_overlay": {"file": str(file)},
    }


def _check_encoder(encoder: str) -> None:
    known = [*smp.encoders.get_encoder_names(), *(f"{TIMM}{name}" for name in timm.list_models())]
    if encoder not in known:
        bare = encoder.partition(".")[0]
        hint = (
            f" (weights are named by the option weights: encoder {bare!r})"
            if bare in known
            else did_you_mean(encoder, known)
        )
        raise PluginError(
            f"unknown encoder {encoder!r}{hint}; name one of segmentation-models-pytorch's own, or {TIMM} and the "
            "name of a timm model"
        )


def _check_weights(encoder: str, weights: str, known: dict[str, Any]) -> None:
    if weights not in known:
        listed = f"there are {', '.join(known)}" if known else "there are none"
        raise PluginError(
            f"encoder {encoder!r} has no weights {weights!r}{did_you_mean(weights, known)}; {listed}, "
            "or null for none"
        )


def _cached(repository: str, name: str, *, revision: str | None = None) -> Path:
    """Return a file of the hub from its cache, downloaded first where it is not there.

    Raises:
        PluginError: it is not there and cannot be downloaded.
    """
    try:
        return Path(hf_hub_download(repository, name, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        reason = _why_no_answer()
    if reason is None:
        try:
            return Path(hf_hub_download(repository, name, revision=revision))
        except OSError as error:  # what the hub's errors and those of the network are
            reason = " ".join(str(error).split()) or type(error).__name__
    at = f" --revision {revision}" if revision else ""
    raise PluginError(
        f"the pretrained weights {repository} are not in the cache {constants.HF_HUB_CACHE} and cannot be "
        f"downloaded from {constants.ENDPOINT} ({reason}); set weights to null, or fill the cache on a machine with "
        f"network (hf download {repository}{at}) and copy it here"
    )


def _why_no_answer() -> str | None:
    """Return why the hub cannot be reached, or None where it answers, with whatever status."""
    request = Request(constants.ENDPOINT, method="HEAD")  # noqa: S310 - the address that the hub's library is set to
    try:
        with urlopen(request, timeout=ANSWER_TIMEOUT_S):  # noqa: S310 - the same
            return None
    except HTTPError:
        return None
    except URLError as error:
        # the hub's library brings certificates of its own, which this Python may lack
        return None if isinstance(error.reason, ssl.SSLError) else str(error.reason)
    except OSError as error:
        return str(error) or type(error).__name__
