"""How much of a notebook is shown in a page, as both sides of the boundary know it."""

# In bytes of HTML, all cells together, without pictures.
MOST_HTML = 900_000
MOST_PICTURES = 40
# The longest side of a picture, in pixels, and how HTML speaks of one.
SIDE = 640
PICTURE = "picture:"


def size(text: str | None) -> int:
    """What a text takes in a file."""
    return len(text.encode(errors="replace")) if text else 0
