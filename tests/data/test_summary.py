"""A summary counts each quirk with its videos, and lists quirks for which frames are left out first."""

from __future__ import annotations

from lvzoo.data import quirks
from lvzoo.data.echonet import EchoNetDynamic
from lvzoo.data.summary import load_splits, summarise
from tests.data.echonet_folders import EchoNetFolder, ventricle


def test_a_summary_counts_frames_and_quirks(echonet_folder: EchoNetFolder) -> None:
    for number, split in enumerate(("TRAIN", "TRAIN", "VAL", "TEST", "test")):
        echonet_folder.add(f"0X{number}", split)
    echonet_folder.add("0XROWS", traced=[(3, ventricle(chords=15, scale=0.8)), (9, ventricle(chords=15))])
    echonet_folder.add("0XSHORT", "VAL", frames=5)
    echonet_folder.add("0XUNLISTED")
    del echonet_folder.file_list[-1]
    summary = summarise(load_splits(EchoNetDynamic(echonet_folder.write())))
    assert {split: (its.videos, its.frames) for split, its in summary.splits.items()} == {
        "train": (3, 6),
        "val": (2, 3),
        "test": (2, 4),
    }
    assert [(each.quirk, each.excluded, len(each.findings), each.names) for each in summary.quirks] == [
        (quirks.NOT_LISTED.text, True, 1, ("0XUNLISTED",)),
        (quirks.VIDEO_SHORT.text, True, 1, ("0XSHORT",)),
        (quirks.OTHER_ROWS.text, False, 2, ("0XROWS",)),
        (quirks.SPLIT_NOT_UPPER.text, False, 1, ("0X4",)),
    ]
    assert (summary.name, summary.synthetic) == ("echonet-dynamic", False)
