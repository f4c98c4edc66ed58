def mend_wrapping() -> None:
    """Let Rich wrap lines of Chinese without cutting their last word.

    Rich 15 drops the space at the end of a wrapped line only where there are more *characters*
    than columns. A line of wide ones keeps its space, is a column too long by that, and loses its
    last word to an ellipsis: half of a help text at 80 columns.
    """
    from rich.text import Text

    def rstrip_end(self: Text, size: int) -> None:
        """Remove white space beyond `size` columns."""
        excess = min(self.cell_len - size, len(self.plain) - len(self.plain.rstrip()))
        if excess > 0:
            self.right_crop(excess)

    Text.rstrip_end = rstrip_end  # type: ignore[method-assign]
