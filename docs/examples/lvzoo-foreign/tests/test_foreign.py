"""Each network gives the same masks in lvzoo as when it is run by hand, as its authors would.

`pytest --lvzoo-plugin foreign-net` adds the checks of lvzoo, one test per check. Nothing is downloaded: the weights
are random, of the same shapes as the published ones.
"""

from pathlib import Path

import cv2
import numpy as np
import onnxruntime
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn
from torchvision.models.segmentation import deeplabv3_resnet50

import lvzoo
from lvzoo_foreign.grey import measure_grey
from lvzoo_foreign.net import ForeignNet, HeartNet

FRAMES_NHW: NDArray[np.uint8] = np.stack(
    [
        cv2.GaussianBlur(np.random.default_rng(seed).integers(0, 256, (112, 112), np.uint8), (0, 0), 4)
        for seed in range(2)
    ]
)
FRAMES_NHW = cv2.normalize(FRAMES_NHW, None, 0, 255, cv2.NORM_MINMAX)  # type: ignore[assignment, call-overload]
MEAN, STD = (32.0, 33.0, 34.0), (48.0, 49.0, 50.0)
ENTRY = """
mine:
  family: {family}
  options: {options}
  licence: as its author says
"""


def predict(model: nn.Module) -> NDArray[np.bool_]:
    """Return the masks that lvzoo scores."""
    with torch.inference_mode():
        output = model.eval()(torch.from_numpy(FRAMES_NHW)[:, None] / 255)
        masks_NHW: NDArray[np.bool_] = model.decode(output, size_HW=(112, 112)).masks_BHW  # type: ignore[operator]
    return masks_NHW


def resize(plane_HW: NDArray[np.floating], *, rows: int, columns: int) -> NDArray[np.float32]:
    """Resize by Pillow's bilinear filter."""
    image = Image.fromarray(plane_HW.astype(np.float32))
    return np.asarray(image.resize((columns, rows), Image.Resampling.BILINEAR))


def spread_statistics(network: nn.Module) -> nn.Module:
    """Return a network of random weights whose batch norms have statistics of some frames, as trained ones have."""
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the mean over all batches
    with torch.no_grad():
        network(torch.randn(4, 3, 112, 112))
    return network.eval()


def make_echonet() -> nn.Module:
    """Return EchoNet-Dynamic's network with random weights, built as its authors build it."""
    torch.manual_seed(0)
    network = deeplabv3_resnet50(weights=None, weights_backbone=None, aux_loss=False)
    network.classifier[-1] = nn.Conv2d(256, 1, kernel_size=1)
    return spread_statistics(network)


def write_entry(folder: Path, family: str, options: str) -> Path:
    """Write a registry of one's own, with one entry."""
    path = folder / "mine.yaml"
    path.write_text(ENTRY.format(family=family, options=options), encoding="utf-8")
    return path


def test_a_torch_module_of_several_classes() -> None:
    torch.manual_seed(0)
    network = spread_statistics(HeartNet())
    model = ForeignNet()
    model.network.load_state_dict(network.state_dict())
    images_N3HW = np.stack(
        [
            (np.stack([resize(frame_HW / 255, rows=96, columns=128) for frame_HW in FRAMES_NHW]) - mean) / std
            for mean, std in zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), strict=True)
        ],
        axis=1,
    )
    with torch.no_grad():
        scores_N4hw = network(torch.from_numpy(images_N3HW).float())["out"].numpy()
    inside_Nhw = scores_N4hw.argmax(axis=1) == 1
    with torch.no_grad():
        logits_N1hw = model.eval()(torch.from_numpy(FRAMES_NHW)[:, None] / 255).numpy()
    assert 0.02 < inside_Nhw.mean() < 0.98
    assert (inside_Nhw == (logits_N1hw[:, 0] >= 0)).mean() > 0.999


def test_echonet_from_its_checkpoint(tmp_path: Path) -> None:
    network = make_echonet()
    checkpoint = {
        "epoch": 41,
        "state_dict": nn.DataParallel(network).state_dict(),
        "best_loss": float("inf"),
        "loss": np.float64(0.05),
        "opt_dict": torch.optim.SGD(network.parameters(), lr=1e-5, momentum=0.9).state_dict(),
    }
    torch.save(checkpoint, tmp_path / "deeplabv3_resnet50_random.pt")
    mine = write_entry(tmp_path, "echonet-deeplab", "{mean: 32 33 34, std: 48 49 50}")
    adopted = lvzoo.adopt(
        "mine",
        tmp_path / "deeplabv3_resnet50_random.pt",
        trained_on="EchoNet-Dynamic's train split",
        out=tmp_path / "mine.safetensors",
        registries=[mine],
    )
    images_N3HW = np.stack(
        [(FRAMES_NHW.astype(np.float32) - mean) / std for mean, std in zip(MEAN, STD, strict=True)], axis=1
    )
    with torch.no_grad():
        by_hand_NHW = network(torch.from_numpy(images_N3HW).float())["out"][:, 0].numpy() > 0
    assert 0.02 < by_hand_NHW.mean() < 0.98
    assert (predict(lvzoo.load(adopted.path)) == by_hand_NHW).mean() > 0.999
    assert str(adopted.card.trained_on).startswith("EchoNet-Dynamic's train split (trained elsewhere")


def test_an_onnx_file(tmp_path: Path) -> None:
    torch.manual_seed(2)
    theirs = nn.Sequential(
        nn.Conv2d(3, 8, 5, padding=2), nn.Tanh(), nn.Conv2d(8, 4, 5, padding=2), nn.Softmax(1)
    )
    program = torch.onnx.export(
        theirs.eval(),
        (torch.zeros(2, 3, 112, 112),),
        dynamo=True,
        verbose=False,
        dynamic_shapes=({0: torch.export.Dim("batch")},),
    )
    assert program is not None
    program.save(tmp_path / "theirs.onnx", external_data=False)
    path = tmp_path / "theirs.onnx"
    mine = write_entry(
        tmp_path,
        "onnx-mask",
        f"{{path: {path}, scale: 255.0, mean: 32 33 34, std: 48 49 50, scores: softmax, target: 2}}",
    )
    adopted = lvzoo.adopt(
        "mine", trained_on="not known", out=tmp_path / "mine.safetensors", registries=[mine]
    )
    images_N3HW = np.stack(
        [(FRAMES_NHW.astype(np.float32) - mean) / std for mean, std in zip(MEAN, STD, strict=True)], axis=1
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    [scores_N4HW] = session.run(None, {session.get_inputs()[0].name: images_N3HW.astype(np.float32)})
    by_hand_NHW = np.asarray(scores_N4HW).argmax(axis=1) == 2
    assert 0.02 < by_hand_NHW.mean() < 0.98
    assert (predict(lvzoo.load(adopted.path)) == by_hand_NHW).mean() > 0.999
    with pytest.raises(lvzoo.UsageError, match="mine cannot be trained: its network was trained elsewhere"):
        lvzoo.fit("mine", out=tmp_path / "run", registries=[mine])


def test_grey_levels_are_those_of_the_training_clips(tmp_path: Path) -> None:
    (tmp_path / "Videos").mkdir()
    writer = cv2.VideoWriter_fourcc(*"MJPG")  # type: ignore[attr-defined]
    for name, level in (("a", 40), ("b", 200)):
        video = cv2.VideoWriter(str(tmp_path / "Videos" / f"{name}.avi"), writer, 50, (112, 112))
        for step in (0, 20):
            video.write(np.full((112, 112, 3), level + step, np.uint8))
        video.release()
    listed = pd.DataFrame({"FileName": ["a", "b"], "Split": ["TRAIN", "TEST"]})
    listed.to_csv(tmp_path / "FileList.csv", index=False)
    mean, std = measure_grey(tmp_path)
    assert np.allclose(mean, 50, atol=3)
    assert np.allclose(std, 10, atol=3)
