"""The training step: one readable loop and its augmentation."""
