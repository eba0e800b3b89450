"""The notebook that students fill in and its solution, both made of one text, `handout.md`, and of the reference."""
