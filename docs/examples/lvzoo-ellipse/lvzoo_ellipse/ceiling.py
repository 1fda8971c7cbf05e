"""Measures the ceiling of the ellipse on the test frames of a data set: `python -m lvzoo_ellipse.ceiling FOLDER`.

The ceiling is the Dice of the best possible ellipse. Each frame's ellipse is fitted to its reference mask by gradient
descent on the training loss, and its best step counts. This is a close lower bound of the ceiling.
"""

import sys
from pathlib import Path

import torch

from lvzoo.models.losses import mask_loss
from lvzoo.plugins import resolve
from lvzoo.registry import open_zoo
from lvzoo_ellipse.draw import SHAPE_NUMBERS, logits_of

STEPS = 400


def ceiling_N(masks_NHW: torch.Tensor, *, cut: bool) -> torch.Tensor:
    """Return the Dice of the best ellipse that was found for each mask (N, H, W), whole or cut."""
    rows, columns = masks_NHW.shape[-2:]
    shapes_NS = torch.zeros(len(masks_NHW), SHAPE_NUMBERS + cut, requires_grad=True)
    optimiser = torch.optim.Adam([shapes_NS], lr=0.03)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    best_N = torch.zeros(len(masks_NHW))
    for _ in range(STEPS):
        logits_NHW = logits_of(shapes_NS.tanh(), (rows, columns), softness_px=1.0)
        best_N = torch.maximum(best_N, _dice_N(logits_NHW >= 0, masks_NHW))
        optimiser.zero_grad()
        # The loss is a mean over the frames; times their number, every frame gets the gradient of its own loss.
        (len(masks_NHW) * mask_loss(logits_NHW[:, None], masks_NHW)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return best_N


def _dice_N(predicted_NHW: torch.Tensor, reference_NHW: torch.Tensor) -> torch.Tensor:
    both_N = (predicted_NHW & reference_NHW).sum(dim=(1, 2))
    return 2 * both_N / (predicted_NHW.sum(dim=(1, 2)) + reference_NHW.sum(dim=(1, 2)))


def main(folder: Path) -> None:
    """Print the ceiling of the whole ellipse and of the cut ellipse on the test frames of a data set."""
    frames = resolve(open_zoo().dataset_for(folder).factory)(folder).load("test")
    masks_NHW = torch.from_numpy(frames.masks_NHW.copy())
    what = f"{len(frames)} test frames" + (", synthetic phantom" if frames.source.synthetic else "")
    for cut in (False, True):
        dice_N = ceiling_N(masks_NHW, cut=cut)
        name = "cut ellipse" if cut else "ellipse"
        print(f"{name}: mean Dice {dice_N.mean():.3f}, worst {dice_N.min():.3f} ({what})")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
