"""The grader inside Gradescope: `pack` makes the archive that is uploaded, `run` is what grades in its container."""
