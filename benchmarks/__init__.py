"""What the grader costs and how fair it is, measured; each module is a command."""
