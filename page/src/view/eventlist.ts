/** The events, newest first, as they begin and end. */
import type { ActionEvent } from "../engine/events";
import { text } from "../strings";
import { colourOf } from "./colours";
import { clockTime, element, make, percent } from "./element";

/** What is spoken is spoken at most so often, in milliseconds. */
const PAUSE = 3000;
/** More would only make the page slow. */
const MOST = 200;

export class EventList {
  private readonly list = element<HTMLOListElement>("list");
  private readonly spoken = element("spoken");
  private readonly open = new Map<number, HTMLElement>();
  /** What each row says, to say it in another language. */
  private readonly rows = new WeakMap<Element, { event: ActionEvent; origin: number }>();
  private lastSpoken = -Infinity;

  clear(): void {
    this.list.replaceChildren();
    this.open.clear();
    this.spoken.textContent = "";
  }

  /** An event that has begun, or has ended. `origin`: the time that is shown as 0. */
  tell(event: ActionEvent, origin: number): void {
    const old = this.open.get(event.index);
    const row = old ?? this.row(event);
    this.rows.set(row, { event, origin });
    this.write(row);
    if (event.end === null) this.open.set(event.index, row);
    else this.open.delete(event.index);
    if (!old) this.speak(text("began", { label: event.label }));
  }

  /** All of it in the language that is spoken now. */
  translate(): void {
    for (const row of this.list.children) this.write(row);
  }

  private write(row: Element): void {
    const { event, origin } = this.rows.get(row)!;
    const start = clockTime(event.start - origin);
    const end = event.end === null ? text("goesOn") : clockTime(event.end - origin);
    row.querySelector(".times")!.textContent = `${start} – ${end}`;
    row.querySelector(".peak")!.textContent = text("peak", { score: percent(event.peak) });
  }

  private row(event: ActionEvent): HTMLElement {
    const row = make("li", "");
    const dot = make("span", "dot");
    dot.style.background = colourOf(event.index);
    row.append(dot, make("span", "label", event.label), make("span", "times"), make("span", "peak"));
    this.list.prepend(row);
    while (this.list.childElementCount > MOST) this.list.lastElementChild!.remove();
    return row;
  }

  private speak(words: string): void {
    const now = performance.now();
    if (now - this.lastSpoken < PAUSE) return;
    this.lastSpoken = now;
    this.spoken.textContent = words;
  }
}
