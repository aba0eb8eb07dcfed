/** Keeping the screen on while something is watched. */

/** Gives what lets the screen go dark again. Browsers without this go on as they like. */
export function keepAwake(): () => void {
  const lock = navigator.wakeLock?.request("screen").catch(() => null);
  return () => void lock?.then((held) => held?.release());
}
