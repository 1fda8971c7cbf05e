"""The echo simulator: anatomy, motion, imaging and readers, written in EchoNet-Dynamic's layout."""
