"""docs/python.md: "everything here runs as it stands", and prints what it says that it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from kit.real import INT8, LABELS, VIDEOS

PAGE = Path(__file__).parents[2] / "docs" / "python.md"


def test_the_page_on_python_runs_and_prints_what_it_says(tmp_path):
    pieces = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert len(pieces) > 8
    for file in (INT8, LABELS, VIDEOS / "yoga.mp4"):
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "page.py").write_text("\n".join(pieces), "utf-8")
    done = subprocess.run(
        [sys.executable, "page.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == re.findall(r"^#> (.*)$", "\n".join(pieces), re.MULTILINE)
