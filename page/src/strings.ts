/** What the page says, in English and Korean. */

const en = {
  tagline: "Recognises human actions in video, live",
  language: "한국어",
  here: "This device",
  there: "Server",
  where: "Where it runs",
  hereHint: "In this browser. No picture leaves this device.",
  thereHint: "Pictures are sent to the server.",
  model: "Model",
  events: "Find events",
  eventsHint: "Scores speak of the last {seconds} s. Without events: of the last {horizon} s.",
  drop: "Drop a video here",
  choose: "Choose a video",
  camera: "Use the camera",
  flip: "Switch camera",
  start: "Start",
  stop: "Stop",
  reset: "Reset",
  now: "Now",
  nothingHint: "Choose a video or use the camera.",
  timeline: "Timeline",
  eventList: "Events",
  noEvents: "None yet. An event begins when a score is above {on} %.",
  eventsOff: "Events are switched off.",
  frames: "{value} frames a second",
  milliseconds: "{value} ms a frame",
  dropped: "{value} left out",
  opening: "Loading the model …",
  running: "Watching",
  stopped: "Stopped",
  finished: "The video is over",
  whole: "The whole video: {label}, {score} %",
  began: "{label} began",
  goesOn: "goes on",
  peak: "peak {score} %",
  insecure:
    "The camera is off because this page did not come over HTTPS. Open it with https://, or on the machine that serves it as http://localhost. Videos work.",
  noCamera: "This browser gives pages no camera. Videos work.",
  denied: "The camera was not allowed. Allow it for this page in the browser's settings.",
  cameraGone: "No camera was found, or another program uses it.",
  noModels: "The list of models could not be loaded. Is the server running?",
  unplayable: "This browser cannot show this video. MP4 with H.264 works nearly everywhere.",
  unreachable: "The server does not answer any more.",
  failed: "It failed: {message}",
  knows: "Knows {classes} actions",
  knowsDrawn: "Knows {classes} actions of drawn figures, and no people",
  stage: "Video",
  timelineOf: "{events} events in {seconds} s",
  offline: "Works offline: the page and the model are kept on this device.",
  settings: "Settings",
};

export type Strings = { [Key in keyof typeof en]: string };

const ko: Strings = {
  tagline: "영상 속 사람의 동작을 실시간으로 알아봅니다",
  language: "English",
  here: "이 기기",
  there: "서버",
  where: "실행 위치",
  hereHint: "이 브라우저 안에서 실행합니다. 화면이 기기 밖으로 나가지 않습니다.",
  thereHint: "화면을 서버로 보냅니다.",
  model: "모델",
  events: "이벤트 찾기",
  eventsHint: "점수는 최근 {seconds}초에 대한 값입니다. 이벤트를 끄면 최근 {horizon}초입니다.",
  drop: "여기에 영상을 놓으세요",
  choose: "영상 고르기",
  camera: "카메라 쓰기",
  flip: "카메라 전환",
  start: "시작",
  stop: "정지",
  reset: "초기화",
  now: "지금",
  nothingHint: "영상을 고르거나 카메라를 켜세요.",
  timeline: "시간표",
  eventList: "이벤트",
  noEvents: "아직 없습니다. 점수가 {on} %를 넘으면 이벤트가 시작됩니다.",
  eventsOff: "이벤트 찾기가 꺼져 있습니다.",
  frames: "초당 {value}프레임",
  milliseconds: "프레임당 {value} ms",
  dropped: "{value}개 건너뜀",
  opening: "모델을 불러오는 중 …",
  running: "보고 있습니다",
  stopped: "멈췄습니다",
  finished: "영상이 끝났습니다",
  whole: "영상 전체: {label}, {score} %",
  began: "{label} 시작",
  goesOn: "계속",
  peak: "최고 {score} %",
  insecure:
    "HTTPS로 연 페이지가 아니어서 카메라를 쓸 수 없습니다. https:// 주소로 열거나, 서버가 도는 기기에서 http://localhost 로 여세요. 영상 파일은 쓸 수 있습니다.",
  noCamera: "이 브라우저는 페이지에 카메라를 내주지 않습니다. 영상 파일은 쓸 수 있습니다.",
  denied: "카메라가 허용되지 않았습니다. 브라우저 설정에서 이 페이지에 허용하세요.",
  cameraGone: "카메라를 찾지 못했거나 다른 프로그램이 쓰고 있습니다.",
  noModels: "모델 목록을 불러오지 못했습니다. 서버가 실행 중인가요?",
  unplayable: "이 브라우저에서 재생할 수 없는 영상입니다. H.264로 된 MP4는 거의 어디서나 됩니다.",
  unreachable: "서버가 더 이상 응답하지 않습니다.",
  failed: "실패했습니다: {message}",
  knows: "동작 {classes}가지를 압니다",
  knowsDrawn: "그려진 인물의 동작 {classes}가지를 압니다. 실제 사람은 모릅니다",
  stage: "영상",
  timelineOf: "{seconds}초 동안 이벤트 {events}개",
  offline: "오프라인에서도 됩니다: 페이지와 모델이 이 기기에 저장되었습니다.",
  settings: "설정",
};

export type Language = "en" | "ko";
export const TABLES: Record<Language, Strings> = { en, ko };
const KEY = "language";

/** The language that was chosen before, else the browser's. */
export function firstLanguage(): Language {
  const chosen = localStorage.getItem(KEY) ?? navigator.language;
  return chosen.toLowerCase().startsWith("ko") ? "ko" : "en";
}

let language: Language = "en";

export function currentLanguage(): Language {
  return language;
}

/** Speak this language from now on, and the next time. */
export function setLanguage(chosen: Language, keep: boolean): void {
  language = chosen;
  if (keep) localStorage.setItem(KEY, chosen);
}

/** A text, with {names} replaced. */
export function text(key: keyof Strings, values: Record<string, string | number> = {}): string {
  return TABLES[language][key].replace(/\{(\w+)\}/g, (whole, name: string) =>
    String(values[name] ?? whole),
  );
}

/** Put the texts into every element with data-text (its content) or data-label (aria-label). */
export function translate(root: ParentNode = document): void {
  for (const element of root.querySelectorAll<HTMLElement>("[data-text]")) {
    element.textContent = text(element.dataset["text"] as keyof Strings);
  }
  for (const element of root.querySelectorAll<HTMLElement>("[data-label]")) {
    element.setAttribute("aria-label", text(element.dataset["label"] as keyof Strings));
  }
  document.documentElement.lang = language;
}
