"""Films of ten drawn actions in a row: which are found, which invented, how far off are the times?

Each film has ten different actions of five seconds, in an order by chance, with four seconds of
"standing or walking" before, between and after; each part is its own scene. Actions that are done
once and are over are left out: nobody can say when a part of five seconds with a fall of one begins
to be one. The starter model, default settings.
"""

from __future__ import annotations

import logging
import statistics
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import movinet
from movinet.stream import Event
from movinet.synthetic import BACKGROUND, LABELS

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))

FILMS, SEED = 20, 0
ONCE = {"falling down", "sitting down", "standing up"}


@dataclass
class Judged:
    """What is right and wrong about the events of films."""

    found: int = 0
    missed: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    off: list[float] = field(default_factory=list)

    def add(self, events: tuple[Event, ...], parts: list) -> None:  # type: ignore[type-arg]
        """Take in one film."""
        used = set()
        for part in parts:
            own = [
                event
                for event in events
                if event.label == part.label
                and event.start < part.end
                and (event.end or event.start) > part.start
            ]
            used |= {id(event) for event in own}
            if len(own) == 1:
                self.found += 1
                self.off += [float(own[0].start) - part.start, float(own[0].end or 0) - part.end]
            else:
                self.missed.append(part.label)
        self.invented += [event.label for event in events if id(event) not in used]


def main() -> None:
    """Print the tables."""
    from kit.film import film

    logging.disable(logging.WARNING)
    classifier = movinet.load(events=movinet.EventOptions())
    chance = np.random.default_rng(SEED)
    labels = [label for label in LABELS if label not in ONCE and label != BACKGROUND]
    judged, clean = Judged(), 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(FILMS):
            path = Path(folder) / f"{number}.mp4"
            chosen = [str(label) for label in chance.permutation(labels)[:10]]
            parts = film(path, chosen, seed=5000 + 100 * number)
            before = len(judged.missed) + len(judged.invented) + sum(_far(judged.off))
            judged.add(classifier.classify(path).events, parts)
            clean += len(judged.missed) + len(judged.invented) + sum(_far(judged.off)) == before
    off = [abs(value) for value in judged.off]
    print(f"| {FILMS} films of ten actions | |")
    print("|---|---|")
    print(f"| found, as one event | {judged.found} of {10 * FILMS} |")
    print(f"| invented | {len(judged.invented)} |")
    print(f"| seconds that starts and ends are off, median | {statistics.median(off):.2f} |")
    print(f"| within 1.5 seconds | {1 - np.mean(_far(judged.off)):.1%} |")
    print(f"| films without any fault | {clean} |")
    print(f"\nMissed: {_counted(judged.missed)}. Invented: {_counted(judged.invented)}.")


def _far(off: list[float]) -> list[bool]:
    return [abs(value) > 1.5 for value in off]


def _counted(labels: list[str]) -> str:
    counts = {label: labels.count(label) for label in sorted(set(labels))}
    return ", ".join(f"{label} {count}" for label, count in counts.items()) or "nothing"
