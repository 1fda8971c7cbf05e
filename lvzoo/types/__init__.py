"""The records that the steps hand to one another. Every step imports them; they import nothing but errors.

Letters in names, everywhere in lvzoo:
    B batch   N frames   H rows   W columns   K landmarks   P contour points   C conditions

Units and conventions:
    points are (x, y) in pixels: x right, y down, the centre of the top-left pixel is (0, 0);
    Dice is a fraction 0..1; frames are uint8 grey levels on disk and in a FrameSet, float32 0..1 in a model;
    a mask is True inside the left ventricle (LV);
    ED is end-diastole (the larger ventricle), ES is end-systole (the smaller one).

`lvzoo.types.results` holds the records from ranking to report. It is imported by its own name, because listing the
zoo needs none of them.
"""

from lvzoo.types.declared import (
    NAME,
    DatasetSource,
    Family,
    Kind,
    NoiseSource,
    Option,
    OptionValue,
    control_characters,
    mistake_in_value,
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
    SCORE_COLUMNS,
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
    "NAME",
    "NOISY_AUGMENTATIONS",
    "SCORE_COLUMNS",
    "SPLITS",
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
    "control_characters",
    "mistake_in_value",
    "model_name",
    "trial_name",
]
