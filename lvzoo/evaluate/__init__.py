"""The evaluation step: one Dice for masks and landmarks alike."""
