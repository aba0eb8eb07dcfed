"""Text that HTML and XML can hold."""

from __future__ import annotations

from html import escape
from unicodedata import category


def clean(text: str) -> str:
    """With U+FFFD for letters that XML has no way to write."""
    return "".join(
        "\ufffd" if category(c) in ("Cc", "Cs") or c in "\ufffe\uffff" else c for c in text
    )


def one_line(text: str) -> str:
    """Cleaned, and with a space for any white space."""
    return clean(" ".join(text.split()))


def marked(text: str) -> str:
    """Any text as the content or a quoted attribute of an element."""
    return escape(clean(text))


def shortened(text: str, letters: int) -> str:
    """At most so many letters; what is left out is shown by an ellipsis."""
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"
