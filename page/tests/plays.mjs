// Plays a video with its sound to the end, as somebody does who has got it.
// Job: {folder, file}
import { job, launch } from "./browser.mjs";
import { serve, stop } from "./server.mjs";

await job(async ({ folder, file }) => {
  const { server, address } = await serve([folder]);
  const browser = await launch();
  const page = await browser.newPage();
  await page.setContent(`<video src="${address}${encodeURIComponent(file)}"></video>`);
  const told = await page.evaluate(async () => {
    const video = document.querySelector("video");
    const over = new Promise((resolve) => {
      video.onended = video.onerror = resolve;
      setTimeout(resolve, 30_000);
    });
    await video.play();
    await over;
    return {
      ended: video.ended,
      duration: video.duration,
      size: [video.videoWidth, video.videoHeight],
      frames: video.getVideoPlaybackQuality().totalVideoFrames,
      sound: video.webkitAudioDecodedByteCount,
      error: video.error?.message ?? null,
    };
  });
  await browser.close();
  await stop(server);
  return told;
});
