"""How fast the reference is, beside the handout's own way: `python -m benchmarks.reference --data DIR`."""
