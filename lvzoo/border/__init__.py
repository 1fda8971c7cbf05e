"""Where a model draws the border: how far from the tracings, and the number that moves it onto them."""
