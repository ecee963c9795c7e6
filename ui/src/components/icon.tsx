// Our own small set: 16 × 16, one stroke. An icon is decoration; what it means is said in words beside it.

const shapes = {
  overview: "M2.5 13.5v-4M6.2 13.5V6M9.8 13.5V8M13.5 13.5v-11",
  traces: "M2.5 4h8M4.5 8h8M7 12h6.5",
  evaluators: "M8 2.5v11M4.5 13.5h7M8 4.2 3 5.4M8 4.2l5 1.2M3 5.4 1.5 9.5h3zM13 5.4l-1.5 4.1h3z",
  results:
    "M4 2.5h8A1.5 1.5 0 0 1 13.5 4v8a1.5 1.5 0 0 1-1.5 1.5H4A1.5 1.5 0 0 1 2.5 12V4A1.5 1.5 0 0 1 4 2.5M2.5 6.2h11M6.2 6.2v7.3",
  usage:
    "M13.7 8A5.7 5.7 0 1 1 2.3 8a5.7 5.7 0 0 1 11.4 0M9.8 6.2c-.3-.7-1-1-1.8-1-1 0-1.8.5-1.8 1.4 0 2 3.7.8 3.7 2.8 0 .9-.9 1.4-1.9 1.4-.9 0-1.6-.4-1.9-1.1M8 4.2v7.6",
  setup: "m3 5.5 2.8 2.5L3 10.5M8 11.5h5",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  search: "M11.2 7A4.2 4.2 0 1 1 2.8 7a4.2 4.2 0 0 1 8.4 0M10.2 10.2l3.3 3.3",
  plus: "M8 3.5v9M3.5 8h9",
  close: "m4.5 4.5 7 7M11.5 4.5l-7 7",
  right: "m6 4 4 4-4 4",
  left: "m10 4-4 4 4 4",
  down: "m4 6 4 4 4-4",
  sun: "M10.8 8a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0M8 1.8v1.4M8 12.8v1.4M1.8 8h1.4M12.8 8h1.4M3.6 3.6l1 1M11.4 11.4l1 1M12.4 3.6l-1 1M4.6 11.4l-1 1",
  moon: "M13 9.6A5.6 5.6 0 0 1 6.4 3a5.6 5.6 0 1 0 6.6 6.6",
  copy: "M7 5.5h5A1.5 1.5 0 0 1 13.5 7v5a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 12V7A1.5 1.5 0 0 1 7 5.5M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2",
  clock: "M13.7 8A5.7 5.7 0 1 1 2.3 8a5.7 5.7 0 0 1 11.4 0M8 4.8V8l2.2 1.4",
  alert: "M8 2.2 14.2 13H1.8zM8 6.4v3.1M8 11.3v.1",
  export: "M8 10V2.5M5.2 5 8 2.3 10.8 5M3 10v3.2h10V10",
  download: "M8 2.5V10M5.2 7.3 8 10l2.8-2.7M3 10v3.2h10V10",
  user: "M10.6 5.2a2.6 2.6 0 1 1-5.2 0 2.6 2.6 0 0 1 5.2 0M3 13.4c.6-2.6 2.5-4 5-4s4.4 1.4 5 4",
  bot: "M5 5.5h6a2 2 0 0 1 2 2V11a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V7.5a2 2 0 0 1 2-2M8 3v2.5M6 8.8v.8M10 8.8v.8",
  tool: "M13.3 4.6a3.3 3.3 0 0 1-4.4 4L4.6 13a1.3 1.3 0 0 1-1.8-1.8l4.4-4.3a3.3 3.3 0 0 1 4-4.4L9.3 4.4l.4 1.9 1.9.4z",
  chat: "M2.5 3.5h11v7.5H7.5l-3 2.5V11h-2z",
  document: "M4 2.5h5L12.5 6v7.5H4zM9 2.5V6h3.5M6 8.8h4M6 11h4",
  agent: "M8 2.2 13 5v6l-5 2.8L3 11V5zM8 2.2V8m0 0 5-3M8 8 3 5",
  globe:
    "M13.7 8A5.7 5.7 0 1 1 2.3 8a5.7 5.7 0 0 1 11.4 0M2.3 8h11.4M8 2.3c3.8 3.6 3.8 7.8 0 11.4-3.8-3.6-3.8-7.8 0-11.4z",
  gear: "M10 8a2 2 0 1 1-4 0 2 2 0 0 1 4 0M8 2v2M8 12v2M2 8h2M12 8h2M3.8 3.8l1.4 1.4M10.8 10.8l1.4 1.4M12.2 3.8l-1.4 1.4M5.2 10.8l-1.4 1.4",
  play: "M5 3.5v9l7-4.5z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  pencil: "m3 13 .6-2.7 7-7 2.1 2.1-7 7z",
  check: "m3.5 8.5 3 3 6-7",
  sort: "m5 6.5 3-3 3 3M5 9.5l3 3 3-3",
  link: "M6.5 9.5 9.5 6.5M7 5l1.5-1.5a2.5 2.5 0 0 1 3.5 3.5L10.5 8.5M9 11l-1.5 1.5A2.5 2.5 0 0 1 4 9l1.5-1.5",
  cut: "M5.9 11.5a1.7 1.7 0 1 1-3.4 0 1.7 1.7 0 0 1 3.4 0M5.9 4.5a1.7 1.7 0 1 1-3.4 0 1.7 1.7 0 0 1 3.4 0M5.6 5.4l7.9 5.1M5.6 10.6l7.9-5.1",
  history: "M2.8 8a5.2 5.2 0 1 0 1.6-3.7M2.5 2.5v2.8h2.8M8 5v3.2l2 1.2",
  session: "M2.5 3h8v5.5H6L4 10.3V8.5H2.5zM12.5 6v5.5h-1v1.8l-2-1.8h-3",
  filter: "M2.5 4h11M4.5 8h7M6.5 12h3",
  key: "M8.5 8a3 3 0 1 1-6 0 3 3 0 0 1 6 0M8.5 8h5v2M11 8v1.5",
  out: "M6.5 2.5H3v11h3.5M7 8h6.5M10.8 5.2 13.5 8l-2.7 2.8",
  bin: "M3 4.5h10M6 4.5v-2h4v2M4.3 4.5l.6 9h6.2l.6-9",
  circle: "M13.5 8a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0",
} as const;

export type IconName = keyof typeof shapes;

export const Icon = ({ name, small = false }: { name: IconName; small?: boolean }) => (
  <svg className={small ? "icon small" : "icon"} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
    <path d={shapes[name]} />
  </svg>
);

export const Logo = () => (
  <svg className="logo" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
    <rect x="1" y="2.5" width="11" height="4" rx="1.5" fill="currentColor" />
    <rect x="5" y="8" width="14" height="4" rx="1.5" fill="currentColor" opacity=".55" />
    <path d="m8 16 2.2 2.2L14.5 14" className="logo-check" />
  </svg>
);
