"""The records that the steps pass to one another. Every step imports them; they import only `lvzoo.errors`.

Letters at the end of a name give the shape of an array, everywhere in lvzoo:
    B batch   N frames   H rows   W columns   K landmarks   P contour points   C conditions
For example, `masks_NHW` has the shape (frames, rows, columns).

Units and conventions:
    points are (x, y) in pixels: x to the right, y down; the centre of the top-left pixel is (0, 0);
    Dice is a fraction 0..1;
    frames are uint8 grey levels on disk and in a FrameSet, and float32 0..1 in a model;
    a mask is True inside the left ventricle (LV);
    ED is end-diastole (the ventricle is largest), ES is end-systole (the ventricle is smallest).

`lvzoo.types.results` holds the records of ranking and report. Import it by its own name; it is not exported here
because `lvzoo list` and similar commands do not need it.
"""

from lvzoo.types.declared import (
    NAME,
    DatasetSource,
    Family,
    Kind,
    NoiseSource,
    Option,
    OptionValue,
    find_value_mistake,
    has_control_characters,
)
from lvzoo.types.frames import (
    APEX_INDEX,
    CONTOUR_POINTS,
    FRAME_SIZE_HW,
    SPLITS,
    Finding,
    FrameSet,
    Phase,
    Sector,
    Source,
    Split,
)
from lvzoo.types.jobs import Event, Job, JobResult
from lvzoo.types.learning import (
    FAILURE_DICE,
    LABEL_COLUMNS,
    SCORE_COLUMNS,
    VOLUME_COLUMNS,
    Batch,
    Epoch,
    Fitted,
    OnBatch,
    OnEpoch,
    Prediction,
    ScoreModel,
    Scores,
)
from lvzoo.types.trial import (
    CLEAN,
    NOISY_AUGMENTATIONS,
    Condition,
    Entry,
    Recipe,
    Trial,
    model_name,
    trial_name,
)

__all__ = [
    "APEX_INDEX",
    "CLEAN",
    "CONTOUR_POINTS",
    "FAILURE_DICE",
    "FRAME_SIZE_HW",
    "LABEL_COLUMNS",
    "NAME",
    "NOISY_AUGMENTATIONS",
    "SCORE_COLUMNS",
    "SPLITS",
    "VOLUME_COLUMNS",
    "Batch",
    "Condition",
    "DatasetSource",
    "Entry",
    "Epoch",
    "Event",
    "Family",
    "Finding",
    "Fitted",
    "FrameSet",
    "Job",
    "JobResult",
    "Kind",
    "NoiseSource",
    "OnBatch",
    "OnEpoch",
    "Option",
    "OptionValue",
    "Phase",
    "Prediction",
    "Recipe",
    "ScoreModel",
    "Scores",
    "Sector",
    "Source",
    "Split",
    "Trial",
    "find_value_mistake",
    "has_control_characters",
    "model_name",
    "trial_name",
]
