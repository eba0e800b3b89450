"""`python -m benchmarks.hostile`: hostile submissions graded among honest ones, and what came of it."""
