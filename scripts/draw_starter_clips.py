"""Draw the clips that the starter model learns from, and list them.

    python scripts/draw_starter_clips.py clips

500 of each action, 1,500 more of nothing in particular, since there are more ways to do that, and
ten of each that are only looked at. May be stopped at any moment and started again.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

from movinet.models.wholefile import write_whole
from movinet.synthetic import BACKGROUND, LABELS, write_clips

EACH, MORE, JUDGED = 500, 1500, 10
# Folder -> clips, seed, actions, and what they are for.
SETS = {
    "drawn": (EACH * len(LABELS), 1, LABELS, "train"),
    "nothing": (MORE, 3, (BACKGROUND,), "train"),
    "judged": (JUDGED * len(LABELS), 7, LABELS, "validation"),
}


def main() -> int:
    """Draw, and write `clips.csv`."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", help="the folder to write to")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    lines = ["path,label,split\n"]
    for name, (clips, seed, labels, split) in SETS.items():
        folder = Path(options.out) / name
        write_clips(folder, clips, seed, labels, jobs=options.jobs)
        with (folder / "clips.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                lines.append(f'{name}/{row["path"]},"{row["label"]}",{split}\n')
    write_whole(Path(options.out) / "clips.csv", "".join(lines).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
