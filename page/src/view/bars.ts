/** The best labels with their scores, live. */
import type { Category } from "../engine/scores";
import { text } from "../strings";
import { element, make, percent } from "./element";

export class Bars {
  private readonly list = element<HTMLOListElement>("bars");

  /** Nothing has been seen. What lies below stays where it was. */
  clear(): void {
    const rows = this.list.querySelectorAll("li:not(.none)");
    if (rows.length > 0) this.list.style.minHeight = `${this.list.offsetHeight}px`;
    const none = make("li", "none", text("nothingHint"));
    this.list.replaceChildren(none);
  }

  /** Rows stay where they are, so that nothing but texts and widths changes. */
  show(top: Category[]): void {
    const rows = [...this.list.querySelectorAll<HTMLLIElement>("li:not(.none)")];
    if (rows.length !== top.length) {
      this.list.replaceChildren(...top.map(() => this.row()));
      return this.show(top);
    }
    top.forEach(({ label, score }, place) => {
      const row = rows[place]!;
      row.querySelector(".label")!.textContent = label;
      row.querySelector(".score")!.textContent = `${percent(score)} %`;
      row.querySelector<HTMLElement>(".fill")!.style.transform = `scaleX(${score.toFixed(4)})`;
    });
  }

  private row(): HTMLElement {
    const row = make("li", "");
    const track = make("div", "track");
    track.append(make("div", "fill"));
    row.append(make("span", "label"), make("span", "score"), track);
    return row;
  }
}
