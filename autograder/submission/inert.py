"""Words that strangers chose, such as names of files, as they can stand in a sentence, a table and a terminal."""

# Room for a sentence of ours around a name or two of theirs.
MOST_OF_A_SENTENCE = 600


def inert(words: str, most: int = MOST_OF_A_SENTENCE) -> str:
    """Words in one line, without signs that move a cursor, turn the direction or are no characters at all; of what is
    longer than `most`, the middle is left out."""
    words = words[:most] + words[-most:] if len(words) > 2 * most else words
    seen = "".join(sign if sign.isprintable() else "?" for sign in " ".join(words.splitlines()) or words)
    return seen if len(seen) <= most else f"{seen[: most * 2 // 3]}...{seen[-most // 4 :]}"
