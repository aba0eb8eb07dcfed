/** The page: what is pressed and chosen, and what is shown. */
import { fetchCatalogue } from "./catalogue";
import { labelOf, type Catalogue, type ModelEntry } from "./engine/contract";
import { EVENT_OPTIONS, memoryFrames } from "./engine/events";
import { Figures } from "./figures";
import { keepOffline } from "./offline";
import { Camera, severalCameras, type Facing } from "./sources/camera";
import { Session } from "./sources/session";
import { Stopped, unlessStopped } from "./sources/stopped";
import { Unplayable } from "./sources/unplayable";
import { VideoFile } from "./sources/videofile";
import { currentLanguage, firstLanguage, setLanguage, text, translate, type Strings } from "./strings";
import { Verdict } from "./verdict";
import { keepAwake } from "./wake";
import { Bars } from "./view/bars";
import { clockTime, element, percent } from "./view/element";
import { EventList } from "./view/eventlist";
import { Timeline } from "./view/timeline";
import { Here } from "./watchers/here";
import { There } from "./watchers/there";
import { Unreachable } from "./watchers/unreachable";
import type { Answer, Watcher } from "./watchers/watcher";

const TOP = 5;

type Source = { kind: "camera"; facing: Facing } | { kind: "file"; address: string };
type Words = { key: keyof Strings; values: Record<string, string | number>; wrong: boolean };

class Page {
  private readonly video = element<HTMLVideoElement>("video");
  private readonly model = element<HTMLSelectElement>("model");
  private readonly events = element<HTMLInputElement>("events");
  private readonly runButton = element<HTMLButtonElement>("run");
  private readonly resetButton = element<HTMLButtonElement>("reset");
  private readonly flip = element<HTMLButtonElement>("flip");
  private readonly bars = new Bars();
  private readonly timeline = new Timeline();
  private readonly list = new EventList();
  private figures = new Figures();
  private dropped = 0;
  private catalogue: Catalogue = { models: [], server: false };
  private source: Source | null = null;
  private session: Session | null = null;
  /** The run before, until it has cleaned up. */
  private running: Promise<void> = Promise.resolve();
  /** A loaded model is kept for the next run. */
  private kept: { key: string; watcher: Here } | null = null;
  private words: Words | null = null;
  private wanted = 0;

  async begin(): Promise<void> {
    setLanguage(firstLanguage(), false);
    this.listen();
    this.clear(null);
    this.translate();
    this.sayWhyNoCamera();
    try {
      this.catalogue = await fetchCatalogue();
    } catch {
      this.say("noModels", {}, true);
    }
    this.model.replaceChildren(
      ...this.catalogue.models.map(({ name }) => new Option(name, name)),
    );
    const offered = this.catalogue.models.length > 0;
    for (const id of ["choose", "camera"]) element<HTMLButtonElement>(id).disabled = !offered;
    if (!navigator.mediaDevices) element<HTMLButtonElement>("camera").disabled = true;
    element("where").hidden = !this.catalogue.server;
    this.hint();
    document.documentElement.dataset["ready"] = "true";
    if (await keepOffline()) {
      element("kept").hidden = false;
      document.documentElement.dataset["offline"] = "true";
    }
  }

  private listen(): void {
    const file = element<HTMLInputElement>("file");
    element("choose").onclick = () => file.click();
    file.onchange = () => {
      const chosen = file.files?.[0];
      if (chosen) this.use({ kind: "file", address: URL.createObjectURL(chosen) });
      file.value = "";
    };
    element("camera").onclick = () => this.use({ kind: "camera", facing: "environment" });
    this.flip.onclick = () => {
      const facing = this.source?.kind === "camera" && this.source.facing === "user";
      this.use({ kind: "camera", facing: facing ? "environment" : "user" });
    };
    this.runButton.onclick = () => (this.session ? this.session.stop() : this.run());
    this.resetButton.onclick = () => {
      this.session?.reset();
      this.clear(this.duration);
    };
    const again = (): void => {
      this.hint();
      if (this.session) void this.run();
    };
    this.model.onchange = again;
    this.events.onchange = again;
    for (const radio of this.places()) radio.onchange = again;
    element("language").onclick = () => {
      setLanguage(currentLanguage() === "en" ? "ko" : "en", true);
      this.translate();
    };
    const stage = element("stage");
    addEventListener("dragover", (event) => {
      event.preventDefault();
      stage.classList.add("over");
    });
    addEventListener("dragleave", () => stage.classList.remove("over"));
    addEventListener("drop", (event) => {
      event.preventDefault();
      stage.classList.remove("over");
      const dropped = event.dataTransfer?.files[0];
      if (dropped && this.chosen) this.use({ kind: "file", address: URL.createObjectURL(dropped) });
    });
  }

  private use(source: Source): void {
    if (this.source?.kind === "file") URL.revokeObjectURL(this.source.address);
    this.source = source;
    void this.run();
  }

  /** Watch the source from its beginning. A run that goes on is ended first. */
  private async run(): Promise<void> {
    const { source, chosen } = this;
    if (!source || !chosen) return;
    const turn = ++this.wanted;
    this.session?.stop();
    await this.running;
    if (turn !== this.wanted) return;
    this.running = this.watch(source, chosen);
    await this.running;
  }

  private async watch(source: Source, model: ModelEntry): Promise<void> {
    const watcher = this.watcher(model);
    const verdict = new Verdict(watcher.horizon);
    const session = new Session(this.video, watcher, model.contract.fps, (answer) => {
      verdict.add(answer, (index) => labelOf(model.contract, index));
      this.show(answer, session);
    });
    const { signal } = session;
    this.session = session;
    this.stage(true);
    this.video.classList.toggle("mirrored", source.kind === "camera" && source.facing === "user");
    this.clear(null);
    this.buttons();
    this.say("opening");
    let camera: Camera | null = null;
    const sleep = keepAwake();
    try {
      const opened = watcher.open();
      opened.catch(() => {});
      if (source.kind === "camera") {
        camera = await unlessStopped(Camera.open(this.video, source.facing, signal), signal);
        this.flip.hidden = !(await severalCameras());
        await unlessStopped(opened, signal);
        this.say("running");
        await session.camera(camera);
        this.say("stopped");
      } else {
        this.flip.hidden = true;
        const file = await VideoFile.open(this.video, source.address, signal);
        this.clear(file.duration * 1e6);
        await unlessStopped(opened, signal);
        this.say("running");
        await session.file(file);
        const best = verdict.best();
        if (session.stopped) this.say("stopped");
        else if (best && !this.events.checked) {
          this.say("whole", { label: best.label, score: percent(best.score) });
        } else this.say("finished");
      }
      this.tell(await watcher.finish());
    } catch (error) {
      if (error instanceof Stopped) this.say("stopped");
      else {
        this.sayWhatFailed(error);
        this.forget(watcher);
      }
    } finally {
      sleep();
      camera?.close();
      if (this.figures.seen === 0) this.stage(false);
      if (watcher instanceof There) watcher.close();
      this.session = null;
      this.buttons();
      document.documentElement.dataset["runs"] = String(this.wanted);
    }
  }

  /** Show the video, or the place for one. */
  private stage(shown: boolean): void {
    this.video.hidden = !shown;
    element("empty").hidden = shown;
  }

  private watcher(model: ModelEntry): Watcher {
    const options = { top: TOP, events: this.events.checked };
    if (this.there) return new There(model, options);
    const key = `${model.name} ${options.events}`;
    if (this.kept?.key !== key) {
      this.kept?.watcher.close();
      this.kept = { key, watcher: new Here(model, options) };
    }
    return this.kept.watcher;
  }

  private forget(watcher: Watcher): void {
    watcher.close();
    if (this.kept?.watcher === watcher) this.kept = null;
  }

  private show(answer: Answer, session: Session): void {
    const best = answer.top[0];
    if (!best) return;
    document.dispatchEvent(new CustomEvent("movinet-answer", { detail: answer }));
    this.figures.add(answer.milliseconds);
    this.bars.show(answer.top);
    this.timeline.add(answer.time, best);
    this.tell(answer.events);
    element("verdict").hidden = false;
    element("verdict-label").textContent = best.label;
    element("verdict-score").textContent = `${percent(best.score)} %`;
    element("clock").textContent = clockTime(answer.time - this.timeline.origin);
    this.dropped = session.dropped;
    this.count();
    const { fps, milliseconds, seen } = this.figures;
    Object.assign(document.documentElement.dataset, { seen: String(seen), fps: fps.toFixed(2) });
    document.documentElement.dataset["ms"] = milliseconds.toFixed(2);
  }

  /** Frames a second and the like. */
  private count(): void {
    const { fps, milliseconds, seen } = this.figures;
    const parts = [
      text("frames", { value: fps.toFixed(1) }),
      text("milliseconds", { value: milliseconds.toFixed(0) }),
    ];
    if (this.dropped > 0) parts.push(text("dropped", { value: this.dropped }));
    element("figures").textContent = seen > 0 ? parts.join(" · ") : "";
  }

  private tell(events: Answer["events"]): void {
    for (const event of events) {
      this.timeline.tell(event);
      this.list.tell(event, this.timeline.origin);
      element("no-events").hidden = true;
    }
  }

  private clear(duration: number | null): void {
    this.figures = new Figures();
    this.dropped = 0;
    this.count();
    document.documentElement.dataset["seen"] = "0";
    this.bars.clear();
    this.timeline.clear(duration);
    this.list.clear();
    element("verdict").hidden = true;
    element("clock").textContent = "";
    element("no-events").hidden = false;
  }

  private buttons(): void {
    const key = this.session ? "stop" : "start";
    this.runButton.dataset["text"] = key;
    this.runButton.textContent = text(key);
    this.runButton.disabled = !this.source;
    this.resetButton.disabled = !this.source;
  }

  private say(key: keyof Strings, values: Words["values"] = {}, wrong = false): void {
    this.words = { key, values, wrong };
    const status = element("status");
    status.textContent = text(key, values);
    status.classList.toggle("wrong", wrong);
    status.dataset["key"] = key;
  }

  private sayWhatFailed(error: unknown): void {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError") this.say("denied", {}, true);
    else if (["NotFoundError", "NotReadableError", "OverconstrainedError"].includes(name)) {
      this.say("cameraGone", {}, true);
    } else if (error instanceof Unplayable) {
      this.say("unplayable", {}, true);
    } else if (error instanceof Unreachable) {
      this.say("unreachable", {}, true);
    } else this.say("failed", { message: error instanceof Error ? error.message : String(error) }, true);
  }

  private sayWhyNoCamera(): void {
    const note = element("note");
    const key = isSecureContext ? "noCamera" : "insecure";
    note.dataset["text"] = key;
    note.textContent = text(key);
    note.hidden = Boolean(navigator.mediaDevices);
  }

  /** What the choices mean. */
  private hint(): void {
    const { chosen } = this;
    element("where-hint").textContent = text(this.there ? "thereHint" : "hereHint");
    if (chosen) {
      const { labels } = chosen.contract;
      const known = chosen.drawn ? "knowsDrawn" : "knows";
      const size = `${(chosen.bytes / 1e6).toFixed(1)} MB`;
      const parts = labels ? [text(known, { classes: labels.length }), size] : [size];
      element("model-hint").textContent = parts.join(" · ");
      const { fps, horizon } = chosen.contract;
      const seconds = (frames: number): string => String(Number((frames / fps).toFixed(1)));
      const memory = memoryFrames(EVENT_OPTIONS, fps, horizon);
      const values = { seconds: seconds(memory), horizon: seconds(horizon) };
      element("events-hint").textContent = text("eventsHint", values);
    }
    const none = this.events.checked ? "noEvents" : "eventsOff";
    element("no-events").textContent = text(none, { on: EVENT_OPTIONS.on * 100 });
  }

  private translate(): void {
    translate();
    element("language").lang = currentLanguage() === "en" ? "ko" : "en";
    this.hint();
    if (this.words) this.say(this.words.key, this.words.values, this.words.wrong);
    if (this.figures.seen === 0) this.bars.clear();
    this.count();
    this.list.translate();
    this.timeline.draw();
  }

  private places(): HTMLInputElement[] {
    return [...document.querySelectorAll<HTMLInputElement>("input[name=where]")];
  }

  private get there(): boolean {
    return this.catalogue.server && this.places().some((radio) => radio.checked && radio.value === "there");
  }

  private get chosen(): ModelEntry | undefined {
    return this.catalogue.models.find(({ name }) => name === this.model.value);
  }

  private get duration(): number | null {
    const { duration } = this.video;
    return this.source?.kind === "file" && Number.isFinite(duration) ? duration * 1e6 : null;
  }
}

void new Page().begin();
