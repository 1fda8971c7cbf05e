"""The evaluation step: it scores masks and landmarks by the same Dice."""
