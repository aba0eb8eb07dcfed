"""Pages of one HTML file that need no other, for light and dark, for a desk and for a phone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from movinet.outputs import diagram
from movinet.outputs.markup import marked

_STYLE = (
    """
  :root { color-scheme: light dark; --paper: #ffffff; --card: #f6f8fa; --ink: #1f2933;
          --soft: #52606d; --line: #dde2e8; --blue: #2563eb; --orange: #c2410c; }
  @media (prefers-color-scheme: dark) {
    :root { --paper: #0f141a; --card: #161b22; --ink: #e6edf3; --soft: #a3adb8; --line: #2b323b;
            --blue: #6ea8fe; --orange: #ff9d5c; }
  }
  * { box-sizing: border-box; }
  body { margin: 0 auto; padding: 24px 16px 48px; max-width: 900px; background: var(--paper);
         color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
  h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 4px; overflow-wrap: anywhere; }
  h2 { font-size: 1.15rem; margin: 36px 0 8px; }
  h3 { font-size: 1rem; margin: 20px 0 4px; }
  p { margin: 4px 0 12px; color: var(--soft); max-width: 68ch; }
  p, td, th, li, figcaption { overflow-wrap: anywhere; }
  ul { margin: 4px 0 12px; padding-left: 1.2em; color: var(--soft); font-size: .92rem; }
  .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr));
             gap: 10px; margin: 20px 0; padding: 0; list-style: none; }
  .figures li { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
                padding: 10px 12px; color: var(--soft); font-size: .85rem; }
  .figures b { display: block; color: var(--ink); font-size: 1.5rem; line-height: 1.3; }
  .pair { display: grid; gap: 0 20px;
          grid-template-columns: repeat(auto-fit, minmax(min(100%, 380px), 1fr)); }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; font-size: .92rem; }
  th, td { text-align: left; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line);
           vertical-align: top; }
  th { color: var(--soft); font-weight: 600; }
  td:first-child { min-width: 7em; }
  @media (max-width: 520px) {
    table { font-size: .82rem; }
    th, td { padding-right: 8px; }
    td:first-child { min-width: 5em; }
  }
  .n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
  th.n { white-space: normal; overflow-wrap: normal; }
  .clips { display: grid; gap: 14px;
           grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); }
  figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
           overflow: hidden; }
  .strip { display: flex; gap: 2px; justify-content: center; background: #000; }
  .strip img { flex: 1 1 0; min-width: 0; max-height: 200px; object-fit: contain; }
  .none { height: 84px; background: var(--line); }
  figcaption { padding: 8px 12px 10px; font-size: .85rem; color: var(--soft); }
  figcaption b { color: var(--ink); }
  figcaption .no { color: var(--orange); }
"""
    + diagram.STYLE
)


def document(title: str, parts: Iterable[str]) -> str:
    """The whole file; `parts` are the elements of its body."""
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{marked(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{body}\n</body>\n</html>\n"
    )


def figures(values: Iterable[tuple[str, str]]) -> str:
    """The most important numbers, each large and with its name below."""
    items = "".join(f"<li><b>{marked(value)}</b>{marked(name)}</li>" for value, name in values)
    return f'<ul class="figures">{items}</ul>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int) -> str:
    """A table whose first `texts` columns are text, the others numbers."""

    def line(cells: Sequence[str], tag: str) -> str:
        kinds = ["" if number < texts else ' class="n"' for number in range(len(cells))]
        inside = (
            f"<{tag}{kind}>{marked(cell)}</{tag}>" for cell, kind in zip(cells, kinds, strict=True)
        )
        return f"<tr>{''.join(inside)}</tr>"

    body = "\n".join(line(row, "td") for row in rows)
    return f'<div class="wide"><table>\n{line(heads, "th")}\n{body}\n</table></div>'


def breakable(name: str) -> str:
    """A file's name, which best goes on a new line behind a slash or an underscore."""
    return re.sub(r"([/_]+)", r"\1<wbr>", marked(name))
