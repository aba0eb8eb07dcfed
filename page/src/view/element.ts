/** The element with this id; the page's HTML has it. */
export function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no #${id}`);
  return found as T;
}

/** A new element with a class and a text. */
export function make(tag: string, name: string, content = ""): HTMLElement {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = content;
  return made;
}

/** A score in whole percent. */
export function percent(score: number): string {
  return String(Math.round(score * 100));
}

/** A time as 0:07.4. */
export function clockTime(microseconds: number): string {
  const tenths = Math.max(0, Math.round(microseconds / 1e5));
  const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return `${Math.floor(tenths / 600)}:${seconds}`;
}
