/** A camera as the browser gives it. */
import { microseconds, type Microseconds } from "../engine/clock";

export type Facing = "user" | "environment";

export class Camera {
  private constructor(
    private readonly video: HTMLVideoElement,
    private readonly stream: MediaStream,
    readonly facing: Facing,
  ) {}

  /** Ask for the camera and show it in `video`. */
  static async open(video: HTMLVideoElement, facing: Facing): Promise<Camera> {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      // Twice a model's size is plenty; more only costs time.
      video: { facingMode: facing, width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } },
    });
    // Else a video from before would come back when the camera is closed.
    video.removeAttribute("src");
    video.srcObject = stream;
    try {
      await video.play();
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      throw error;
    }
    return new Camera(video, stream, facing);
  }

  /** Calls `seen` for each frame that is shown, until `signal`. */
  watch(seen: (time: Microseconds) => void, signal: AbortSignal): void {
    const video = this.video;
    if ("requestVideoFrameCallback" in video) {
      const next: VideoFrameRequestCallback = (now, { captureTime }) => {
        if (signal.aborted) return;
        seen(microseconds((captureTime ?? now) / 1000));
        video.requestVideoFrameCallback(next);
      };
      video.requestVideoFrameCallback(next);
    } else {
      let last = -1;
      const next = (now: number): void => {
        if (signal.aborted) return;
        const { currentTime } = video as HTMLVideoElement;
        if (currentTime !== last) seen(microseconds(now / 1000));
        last = currentTime;
        requestAnimationFrame(next);
      };
      requestAnimationFrame(next);
    }
  }

  /** Resolves when the camera is taken away. */
  lost(): Promise<void> {
    return new Promise((resolve) => {
      for (const track of this.stream.getTracks()) track.onended = () => resolve();
    });
  }

  close(): void {
    for (const track of this.stream.getTracks()) track.stop();
    this.video.srcObject = null;
  }
}

/** Whether there is more than one camera to switch between. */
export async function severalCameras(): Promise<boolean> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind }) => kind === "videoinput").length > 1;
}
