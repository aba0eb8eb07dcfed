"""Draw the clips that the starter model learns from, and list them.

    python scripts/draw_starter_clips.py clips

800 of each action, 4,500 more of nothing in particular, since there are more ways to do that, 1,300
more of each of five actions that are hard to see and 500 of a sixth, and ten of each that are only
looked at. May be stopped at any moment and started again.

`clips.csv` lists 500 of each action and 1,500 of nothing; `more.csv` has hard ones too, and only
every second clip of actions that are learnt by then; `last.csv` has two of five of `more.csv`;
`all.csv` has all of `clips.csv` and of the hard ones of `more.csv`; `fresh.csv` has 3,940 that are
in none of these, and most of `all.csv`. `newest.csv` has 11,760 that are in no other list, and
`mixed.csv` those and some of the others.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from pathlib import Path

from movinet.models.wholefile import write_whole
from movinet.synthetic import BACKGROUND, LABELS, write_clips

EACH, MORE, HARDER, JUDGED = 500, 1500, 3000, 10
EASY = frozenset(
    {
        "cartwheeling",
        "falling down",
        "headbanging",
        "jumping jacks",
        "pirouetting",
        "sitting down",
        "somersaulting",
        "standing up",
    }
)
HARD = ("clapping", "marching", "stretching arm", "waving hand", "pumping fist")
# Folder -> clips, seed, actions, and what they are for.
SETS = {
    "drawn": (EACH * len(LABELS), 1, LABELS, "train"),
    "nothing": (MORE, 3, (BACKGROUND,), "train"),
    "judged": (JUDGED * len(LABELS), 7, LABELS, "validation"),
    "harder": (HARDER, 13, HARD, "train"),
    "fresh nothing": (1200, 31, (BACKGROUND,), "train"),
    "fresh harder": (1000, 33, HARD, "train"),
    "fresh": (60 * len(LABELS), 35, LABELS, "train"),
    "newest": (240 * len(LABELS), 45, LABELS, "train"),
    "newest nothing": (1800, 41, (BACKGROUND,), "train"),
    "newest harder": (3000, 43, (*HARD, "lunge"), "train"),
}
# Of each action, what `fresh.csv` keeps of `all.csv`.
KEPT, KEPT_HARD = 350, 400
# Of each action in each set, what `mixed.csv` keeps.
MIXED = {"nothing": MORE, "fresh": 60, "drawn": 100, "harder": 120}
Row = tuple[str, str, str]


def main() -> int:
    """Draw, and write `clips.csv`."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", help="the folder to write to")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args()
    rows: dict[str, list[Row]] = {}
    for name, (clips, seed, labels, split) in SETS.items():
        folder = Path(options.out) / name
        write_clips(folder, clips, seed, labels, jobs=options.jobs)
        with (folder / "clips.csv").open(newline="") as file:
            rows[name] = [
                (f"{name}/{row['path']}", row["label"], split) for row in csv.DictReader(file)
            ]
    first = rows["drawn"] + rows["nothing"] + rows["judged"]
    more = _fewer_easy(first) + rows["harder"]
    chance = random.Random(5)
    last = [row for row in more if row[2] != "train" or chance.random() < 0.4]
    everything = first + rows["harder"]
    fresh = [row for name in SETS if name.startswith("fresh") for row in rows[name]]
    newest = [row for name in SETS if name.startswith("newest") for row in rows[name]]
    newest += rows["judged"]
    older = [row for name, each in MIXED.items() for row in _some(rows[name], each, each)]
    lists = {
        "clips": first,
        "more": more,
        "last": last,
        "all": everything,
        "fresh": _some(everything, KEPT, KEPT_HARD) + fresh,
        "newest": newest,
        "mixed": newest + older,
    }
    for name, chosen in lists.items():
        lines = [f'{path},"{label}",{split}\n' for path, label, split in chosen]
        text = "".join(["path,label,split\n", *lines])
        write_whole(Path(options.out) / f"{name}.csv", text.encode())
    return 0


def _fewer_easy(rows: list[Row]) -> list[Row]:
    """Without every second clip of actions that are learnt."""
    kept, seen = [], dict.fromkeys(EASY, 0)
    for row in rows:
        if row[2] == "train" and row[1] in EASY:
            seen[row[1]] += 1
            if seen[row[1]] % 2:
                continue
        kept.append(row)
    return kept


def _some(rows: list[Row], each: int, hard: int) -> list[Row]:
    """So many of each action, and of each hard one, by chance; and all that judge."""
    kept, seen = [], dict.fromkeys(LABELS, 0)
    for row in random.Random(18).sample(rows, len(rows)):
        if row[2] == "train":
            seen[row[1]] += 1
            if seen[row[1]] > (hard if row[1] in (*HARD, BACKGROUND) else each):
                continue
        kept.append(row)
    return kept


if __name__ == "__main__":
    sys.exit(main())
