"""From a path to a bundle: bytes, cells and statements. Nothing of a submission is run here."""
