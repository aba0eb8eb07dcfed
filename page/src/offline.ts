/** Keeping the page on this device. */

/** Have the service worker keep everything; says whether it does. */
export async function keepOffline(): Promise<boolean> {
  if (!("serviceWorker" in navigator)) return false;
  try {
    await navigator.serviceWorker.register("sw.js");
    await navigator.serviceWorker.ready;
    return true;
  } catch {
    // Without it the page works as long as the server does.
    return false;
  }
}
