"""Pretrained weights come from the hub's cache or the hub, only if asked for, and the errors are helpful."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import segmentation_models_pytorch as smp
import timm
import torch
from huggingface_hub import constants
from safetensors.torch import save

import lvzoo
from lvzoo.errors import PluginError
from lvzoo.models.build import build_model
from lvzoo.registry import open_zoo
from lvzoo.types import Entry, Recipe, Trial
from lvzoo.weights.network import save_model
from lvzoo_smp.model import SegmentationNet

NOBODY = "http://127.0.0.1:9"
"""An address without a server."""
SMP_ENCODER, SMP_WEIGHTS = "mobilenet_v2", "imagenet"
TIMM_ENCODER, TIMM_WEIGHTS = "tu-mobilenetv3_small_050", "lamb_in1k"


def move_hub(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Set the address of the hub, as HF_ENDPOINT does if it is set before Python starts."""
    monkeypatch.setattr(constants, "ENDPOINT", address)
    template = f"{address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


@pytest.fixture(autouse=True)
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a hub that cannot be reached."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    move_hub(monkeypatch, NOBODY)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "hub"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """A local hub. It serves the files in the dictionary, whose keys are the ends of their addresses."""
    files: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = next((data for end, data in files.items() if self.path.endswith(end)), None)
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(found or b"")))
            self.send_header("ETag", f'"{abs(hash(self.path)):x}"')
            self.send_header("X-Repo-Commit", "0" * 40 if "/main/" in self.path else self.path.split("/")[-2])
            self.end_headers()
            if found and self.command == "GET":
                self.wfile.write(found)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    move_hub(monkeypatch, f"http://127.0.0.1:{server.server_port}")
    yield files
    server.shutdown()
    server.server_close()


def net(encoder: str, weights: str | None) -> SegmentationNet:
    return SegmentationNet(arch="Linknet", encoder=encoder, weights=weights)


def pretrained_entry() -> Entry:
    entry = open_zoo().select("smp-mobilenetv2")[0]
    return Entry(
        name=entry.name,
        family=entry.family,
        plugin=entry.plugin,
        options={**entry.options, "weights": SMP_WEIGHTS},
        summary=entry.summary,
    )


def served_by(hub: dict[str, bytes]) -> dict[str, dict[str, torch.Tensor]]:
    """Put made-up weights of both encoders on the hub, and return them."""
    torch.manual_seed(5)
    made = {
        SMP_ENCODER: smp.encoders.get_encoder(SMP_ENCODER, weights=None).state_dict(),
        TIMM_ENCODER: timm.create_model(TIMM_ENCODER.removeprefix("tu-"), pretrained=False).state_dict(),
    }
    repository = f"smp-hub/{SMP_ENCODER}.{SMP_WEIGHTS}"
    revision = smp.encoders.encoders[SMP_ENCODER]["pretrained_settings"][SMP_WEIGHTS]["revision"]
    hub[f"{repository}/resolve/{revision}/config.json"] = b"{}"
    hub[f"{repository}/resolve/{revision}/model.safetensors"] = save(made[SMP_ENCODER])
    name = f"{TIMM_ENCODER.removeprefix('tu-')}.{TIMM_WEIGHTS}"
    hub[f"timm/{name}/resolve/main/model.safetensors"] = save(made[TIMM_ENCODER])
    return made


@pytest.mark.parametrize(
    ("encoder", "weights", "message"),
    [
        ("mobilnet_v2", None, r"unknown encoder 'mobilnet_v2' \(did you mean 'mobilenet_v2'"),
        ("tu-convnext_ato", None, r"unknown encoder 'tu-convnext_ato' \(did you mean 'tu-convnext_atto'"),
        ("tu-resnet18.a1_in1k", None, r"by the option weights: encoder 'tu-resnet18'\)"),
        ("resnet18", "imagnet", r"encoder 'resnet18' has no weights 'imagnet' \(did you mean 'imagenet'\?\)"),
        ("tu-resnet18", "a1_in2k", r"'tu-resnet18' has no weights 'a1_in2k' \(did you mean 'a1_in1k'"),
        ("mit_b0", "ssl", "'mit_b0' has no weights 'ssl'; use one of imagenet, or null"),
    ],
)
def test_an_unknown_name_is_refused_with_close_names(encoder: str, weights: str | None, message: str) -> None:
    with pytest.raises(PluginError, match=message):
        net(encoder, weights)


@pytest.mark.parametrize(("encoder", "weights"), [(SMP_ENCODER, SMP_WEIGHTS), (TIMM_ENCODER, TIMM_WEIGHTS)])
def test_without_a_network_the_error_comes_soon_and_says_what_next(
    encoder: str, weights: str, hub_cache: Path
) -> None:
    before = (dict(os.environ), constants.HF_HUB_OFFLINE)
    started = time.monotonic()
    with pytest.raises(PluginError) as caught:
        net(encoder, weights)
    assert time.monotonic() - started < 8
    assert (dict(os.environ), constants.HF_HUB_OFFLINE) == before
    for part in (str(hub_cache), NOBODY, "set weights to null, or fill the cache", "(hf download ", weights):
        assert part in str(caught.value)


def test_a_hub_without_the_weights_is_quoted(hub: dict[str, bytes]) -> None:
    assert not hub
    with pytest.raises(PluginError, match=r"cannot be downloaded from http://127\.0\.0\.1:\d+ \(.*404"):
        net(SMP_ENCODER, SMP_WEIGHTS)


def test_the_error_names_the_entry_whose_weights_are_not_available() -> None:
    with pytest.raises(PluginError, match=r"^smp-mobilenetv2: the pretrained weights smp-hub/mobilenet_v2"):
        build_model(pretrained_entry())


def test_weights_are_downloaded_once_and_then_need_no_network(
    hub: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = served_by(hub)
    for address in (constants.ENDPOINT, NOBODY):
        move_hub(monkeypatch, address)
        own = net(SMP_ENCODER, SMP_WEIGHTS).network.encoder.state_dict()
        first, *others = own
        torch.testing.assert_close(own[first], made[SMP_ENCODER][first].sum(1, keepdim=True))
        assert all(torch.equal(own[name], made[SMP_ENCODER][name]) for name in others)
        of_timm = net(TIMM_ENCODER, TIMM_WEIGHTS).network.encoder.model.state_dict()
        first, *others = of_timm
        torch.testing.assert_close(of_timm[first], made[TIMM_ENCODER][first].sum(1, keepdim=True))
        assert all(torch.equal(of_timm[name], made[TIMM_ENCODER][name]) for name in others)


def test_a_trained_model_is_loaded_without_the_weights_it_started_from(
    hub: dict[str, bytes], hub_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served_by(hub)
    entry = pretrained_entry()
    model = build_model(entry).eval()
    save_model(model, Trial(entry=entry, data="toy", seed=0, recipe=Recipe()), tmp_path / "trial")
    move_hub(monkeypatch, NOBODY)
    hub_cache.rename(tmp_path / "gone")
    frames_B1HW = torch.rand(1, 1, 112, 112)
    with torch.inference_mode():
        assert torch.equal(lvzoo.load(tmp_path / "trial")(frames_B1HW), model(frames_B1HW))


def test_without_weights_the_hub_is_never_asked(hub_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("asked the hub")

    monkeypatch.setattr("lvzoo_smp.pretrained.hf_hub_download", refuse)
    monkeypatch.setattr("lvzoo_smp.pretrained.urlopen", refuse)
    net("resnet18", None)
    net("tu-convnext_atto", None)
    assert not hub_cache.exists()
