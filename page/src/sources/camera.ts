/** A camera as the browser gives it. */
import { microseconds, type Microseconds } from "../engine/clock";
import { Stopped } from "./stopped";

export type Facing = "user" | "environment";

export class Camera {
  private constructor(
    private readonly video: HTMLVideoElement,
    private readonly stream: MediaStream,
    readonly facing: Facing,
  ) {}

  /** Ask for the camera and show it in `video`. When `signal` has come meanwhile, it is let go. */
  static async open(video: HTMLVideoElement, facing: Facing, signal?: AbortSignal): Promise<Camera> {
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      // Twice a model's size is plenty; more only costs time.
      video: { facingMode: facing, width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } },
    });
    try {
      if (signal?.aborted) throw new Stopped();
      // Else a video from before would come back when the camera is closed.
      video.removeAttribute("src");
      video.srcObject = stream;
      await video.play();
      if (signal?.aborted) throw new Stopped();
    } catch (error) {
      close(video, stream);
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
    close(this.video, this.stream);
  }
}

function close(video: HTMLVideoElement, stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
  // Another source may be shown by now.
  if (video.srcObject === stream) video.srcObject = null;
}

/** Whether there is more than one camera to switch between. */
export async function severalCameras(): Promise<boolean> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind }) => kind === "videoinput").length > 1;
}
