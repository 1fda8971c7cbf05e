"""From the outputs of models over a clip to one mask per frame: moved copies, smoothing in time, mean of models."""
