"""What is worth telling a student of how their code was run; it travels with the next reply."""


class Remarks:
    """Each remark is told once."""

    def __init__(self) -> None:
        self._told: dict[str, bool] = {}

    def note(self, remark: str) -> None:
        """Remember a remark."""
        self._told.setdefault(remark, False)

    def taken(self) -> list[str]:
        """The remarks that nobody has been told yet."""
        new = [remark for remark, told in self._told.items() if not told]
        self._told = dict.fromkeys(self._told, True)
        return new
