"""Computes how predicted and reference ejection fractions agree: MAE, bias, limits of agreement, correlation.

Every figure is a function of a few means over patients: of the absolute error, of x, x², xy, y and y², with the
predicted EF x and the reference y. So the same function serves the data and every resample of the patients. Under
several conditions and training seeds, these means are averaged first: the figures are those of an error that is drawn
at random from patients, seeds and (by their weights) conditions.

Letters: T trials, V videos, P patients, C conditions, M models, B resamples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lvzoo.rank.bootstrap import FEWEST
from lvzoo.rank.ejections import LISTED, TRACINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lvzoo.rank.ejections import Ejections
    from lvzoo.types.ejection import EFReference

SUFFIX: Final[Mapping[EFReference, str]] = {TRACINGS: "", LISTED: "_listed"}
"""The end of the columns of each reference."""
LIMITS_SD: Final = 1.96
"""95 % of normally distributed errors lie within so many SD of their mean (Bland and Altman 1986)."""
TINY: Final = 1e-6
"""A product of two variances below this is a rounding error."""
FIGURES: Final = ("mae", "bias", "lower_limit", "upper_limit", "r")


@dataclass(frozen=True, kw_only=True, slots=True)
class Moments:
    """Means of the absolute error, x, x², xy, y and y². Arrays broadcast: those of y do not depend on the model."""

    absolute: NDArray[np.float64]
    x: NDArray[np.float64]
    xx: NDArray[np.float64]
    xy: NDArray[np.float64]
    y: NDArray[np.float64]
    yy: NDArray[np.float64]


def moments_by_patient(ejections: Ejections, reference_V: NDArray[np.float64]) -> Moments:
    """Return the moments of each trial, patient and condition (T, P, C), and those of y (P); NaN where unknown."""
    x_TVC, y_V1 = ejections.predicted_TVC, np.nan_to_num(reference_V)[:, None]
    known_V = np.isfinite(reference_V)

    def average(values_TVC: NDArray[np.float64]) -> NDArray[np.float64]:
        return average_by_patient(values_TVC, ejections, known_V)

    return Moments(
        absolute=average(np.abs(x_TVC - y_V1)),
        x=average(x_TVC),
        xx=average(x_TVC**2),
        xy=average(x_TVC * y_V1),
        y=average(y_V1[None])[0, :, 0],
        yy=average(y_V1[None] ** 2)[0, :, 0],
    )


def average_by_patient(
    values_TVC: NDArray[np.float64], ejections: Ejections, known_V: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the means over each patient's known videos (T, P, C); NaN for a patient without one."""
    kept = np.flatnonzero(known_V)
    trials, _, conditions = values_TVC.shape
    means_TPC = np.full((trials, len(ejections.grid.patients), conditions), np.nan)
    if len(kept):
        owners, starts, counts = np.unique(ejections.patient_V[kept], return_index=True, return_counts=True)
        if len(owners) == len(kept):  # one video each, as nearly always
            means_TPC[:, owners] = values_TVC[:, kept]
        else:
            means_TPC[:, owners] = np.add.reduceat(values_TVC[:, kept], starts, axis=1) / counts[:, None]
    return means_TPC


def agree(means: Moments, patients: int) -> dict[str, NDArray[np.float64]]:
    """Return the FIGURES of moments that are means over patients.

    The SD of the errors has the divisor n - 1, with n the number of patients; with fewer than two, the limits and r
    are NaN.
    """
    bias = means.x - means.y
    variance = np.maximum(means.xx - 2 * means.xy + means.yy - bias**2, 0.0)
    spread = np.maximum(means.xx - means.x**2, 0.0) * np.maximum(means.yy - means.y**2, 0.0)
    if patients < FEWEST:
        unknown = np.full_like(bias, np.nan)
        return {
            "mae": means.absolute,
            "bias": bias,
            **dict.fromkeys(("lower_limit", "upper_limit", "r"), unknown),
        }
    reach = LIMITS_SD * np.sqrt(variance * patients / (patients - 1))
    r = np.full_like(bias, np.nan)
    np.divide(means.xy - means.x * means.y, np.sqrt(spread), out=r, where=spread > TINY)
    return {
        "mae": means.absolute,
        "bias": bias,
        "lower_limit": bias - reach,
        "upper_limit": bias + reach,
        "r": r,
    }


def mean_over_seeds(values_Tx: NDArray[np.float64], ejections: Ejections) -> NDArray[np.float64]:
    """Return the means over each model's trials, best model first."""
    return np.stack([values_Tx[ejections.model_T == m].mean(axis=0) for m in ejections.models])


def divide(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a ratio; NaN where both are 0, because there is no error to share."""
    ratio = np.full_like(above, np.nan)
    np.divide(above, below, out=ratio, where=below > 0)
    return ratio
