"""Between the side that judges and the side that runs a submission: starting, limiting, talking."""
