/** A colour for each class, the same wherever it is shown; far apart for classes side by side. */
export function colourOf(index: number): string {
  const hue = (index * 137.508 + 225) % 360;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  return `hsl(${hue.toFixed(0)} ${dark ? "70% 66%" : "62% 42%"})`;
}
