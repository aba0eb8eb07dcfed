"""The page of a timeline: one HTML file that needs no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from movinet.evaluation.stills import Still
from movinet.outputs.htmlpage import breakable, document, figures, table
from movinet.outputs.markup import marked
from movinet.outputs.svgpainter import STYLE, inline
from movinet.outputs.timeaxis import clock
from movinet.outputs.timeline import NARROW, length, span, timeline
from movinet.outputs.track import Track

_ROWS = 500  # of the table

_LOOK = f"""<style>{STYLE}
  svg.drawing {{ width: 100%; height: auto; touch-action: pan-y }}
  .narrow {{ display: none }}
  @media (max-width: 640px) {{ .narrow {{ display: block }} svg.broad {{ display: none }} }}
  #said {{ min-height: 1.5em; margin: 8px 0 0; max-width: none; font-size: .92rem;
          font-variant-numeric: tabular-nums }}
</style>"""

# What lies under the pointer, read from the curves themselves.
_POINTER = """<script>
for (const svg of document.querySelectorAll("svg.drawing")) {
  const {left, right, low, high} = svg.dataset, said = document.getElementById("said");
  const mark = document.createElementNS(svg.namespaceURI, "line");
  mark.setAttribute("class", "s-soft");
  svg.append(mark);
  svg.addEventListener("pointermove", event => {
    const box = svg.getBoundingClientRect();
    const x = Math.min(+right, Math.max(+left,
      (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width));
    for (const [name, value] of [["x1", x], ["x2", x], ["y1", 0],
                                 ["y2", svg.viewBox.baseVal.height - 26]])
      mark.setAttribute(name, value);
    const found = [...svg.querySelectorAll("polyline")].map(line => {
      const near = [...line.points].slice(1, -1).reduce((a, b) =>
        Math.abs(b.x - x) < Math.abs(a.x - x) ? b : a);
      const {name, top, floor} = line.dataset;
      return [name, Math.round(100 * (floor - near.y) / (floor - top))];
    }).sort((a, b) => b[1] - a[1]).slice(0, 3);
    const time = +low + (x - left) / (right - left) * (high - low);
    said.textContent = Math.floor(time / 60) + ":" + (time % 60).toFixed(1).padStart(4, "0") +
      "   " + found.map(([name, score]) => "\\u2068" + name + "\\u2069 " + score + " %").join(", ");
  });
}
</script>"""


def page(track: Track, pictures: Sequence[Still] = ()) -> str:
    """The page; its drawing is there twice, for a desk and for a phone."""
    return document(f"{track.video}: actions over time", [*_parts(track, pictures)])


def _parts(track: Track, pictures: Sequence[Still]) -> Iterator[str]:
    low, high = span(track)
    yield _LOOK
    yield f"<h1>{breakable(track.video)}</h1>"
    yield (
        f"<p>Scores by {marked(track.info.name)}, over time. A score speaks of the seconds before "
        "it, so a curve comes later than the bar of its event.</p>"
    )
    events = "event" if len(track.events) == 1 else "events"
    answers = "answer" if len(track.times) == 1 else "answers"
    yield figures(
        [
            (length(high - low), "long"),
            (str(len(track.events)), events),
            (str(len(track.times)), answers),
        ]
    )
    yield inline(timeline(track, pictures, heading=False), "broad")
    yield inline(timeline(track, pictures, width=NARROW, heading=False), "narrow")
    yield '<p id="said" dir="auto"></p>'
    yield _POINTER
    yield "<h2>Events</h2>"
    if not track.events:
        yield "<p>None.</p>"
        return
    found = sorted(track.events, key=lambda event: event.start)
    rows = []
    for event in found[:_ROWS]:
        start, end = float(event.start), float(event.end or event.start)
        peak = f"{100 * event.peak:.0f} %"
        rows.append((event.label, clock(start), clock(end), f"{end - start:.1f}", peak))
    yield table(("label", "from", "to", "seconds", "peak"), rows, texts=1)
    if len(found) > _ROWS:
        yield f"<p>And {len(found) - _ROWS} more.</p>"
