/** The modules for a page of your own; see docs/page.md. */
export type { Catalogue, Contract, ModelEntry } from "./engine/contract";
export { microseconds, Clock } from "./engine/clock";
export { EVENT_OPTIONS, EventDetector, memoryFrames, type ActionEvent } from "./engine/events";
export { Pace, Sampler, type Moment } from "./engine/pace";
export { Rate } from "./engine/rate";
export { Resizer, type Picture } from "./engine/resize";
export { softmax, topCategories, type Category } from "./engine/scores";
export { Camera } from "./sources/camera";
export { Latest } from "./sources/latest";
export { Session } from "./sources/session";
export { VideoFile } from "./sources/videofile";
export { Here } from "./watchers/here";
export { There } from "./watchers/there";
export type { Answer, Watcher, WatchOptions } from "./watchers/watcher";
