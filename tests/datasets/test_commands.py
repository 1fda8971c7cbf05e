"""The commands read CAMUS and EchoNet-Pediatric by their layouts, as they read EchoNet-Dynamic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lvzoo.cli import main
from tests.datasets.pediatric_files import PediatricFolder
from tests.datasets.phantom_hearts import make_heart

if TYPE_CHECKING:
    from pathlib import Path

    from tests.datasets.camus_files import CamusFolder

LISTED = ("training", "training", "validation", "testing", "testing")


@pytest.fixture
def camus(camus: CamusFolder) -> CamusFolder:
    """Two patients for training and testing, and one for validation."""
    for number, listed in enumerate(LISTED):
        camus.add(f"patient{number:04}", listed=listed, heart=make_heart(number))
    return camus


def test_camus_is_checked_by_its_layout(camus: CamusFolder, capsys: pytest.CaptureFixture[str]) -> None:
    (camus.path / "database_nifti" / "patient0001" / "Info_4CH.cfg").unlink()
    assert main(["data", "check", str(camus.path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("camus (camus-reader-1)\n")
    assert "train         2       8  " in printed
    assert (
        "noted: no Info_*.cfg: frame numbers, quality and EF are not known (1)\n  patient0001_4CH: "
        in printed
    )


def test_options_of_camus_are_given_by_its_name(
    camus: CamusFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "check", str(camus.path), "--data-option", "camus.half_sequences=no"]) == 0
    assert "train         2       4  " in capsys.readouterr().out
    assert main(["data", "check", str(camus.path), "--data-option", "camus.view=2CH"]) == 4
    assert "view 2CH: camus-2CH: no picture can be used: patient0000_2CH: " in capsys.readouterr().err


def test_pediatric_is_checked_by_its_layout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for view in ("A4C", "PSAX"):
        folder = PediatricFolder(path=tmp_path / "pediatric", view=view)
        for fold in (0, 8, 9):
            folder.add(f"CR32a000{fold}-CR32a0002-00000{len(view)}", fold, index=fold)
        folder.write()
    assert main(["data", "check", str(folder.path)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("echonet-pediatric (pediatric-reader-1)\n")
    assert "test          1       2  " in printed
    assert "A4C" in printed
    option = ("--data-option", "echonet-pediatric.view=PSAX")
    assert main(["data", "check", str(folder.path), *option]) == 0
    assert "PSAX" in capsys.readouterr().out


@pytest.mark.slow
def test_weights_in_the_box_are_tested_on_camus(
    camus: CamusFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    corruption = ["--corruptions", "haze", "--severities", "5", "--jobs", "1"]
    assert main(["eval", "unet-fast", "--data", str(camus.path), "--out", str(run), *corruption]) == 0
    printed = capsys.readouterr().out
    assert "2 patients, 8 frames" in printed
    assert "data: camus" in printed
