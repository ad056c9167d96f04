// The page's few icons, drawn on a grid of 20 with one stroke.

export const paths = {
  chat: "M4 5.5h12v8H9l-3.5 3v-3H4z",
  plugins: "M7 3v4M13 3v4M5 7h10v3a5 5 0 0 1-10 0zM10 15v3",
  settings: "M3 6h8M15 6h2M3 14h2M9 14h8M13 4v4M7 12v4",
  plus: "M10 4v12M4 10h12",
  search: "M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM13 13l4 4",
  send: "M10 16V4M5 9l5-5 5 5",
  back: "M12 4l-6 6 6 6",
  chevron: "M8 5l5 5-5 5",
  down: "M10 4v12M5 11l5 5 5-5",
  close: "M5 5l10 10M15 5L5 15",
  folder: "M3 5.5h5l1.5 2H17v8H3z",
  download: "M10 3v9M6 8.5l4 4 4-4M4 16.5h12",
  trash: "M4 6h12M8 6V4h4v2M5.5 6l.8 10h7.4l.8-10",
  tool: "M12.5 3.5a4 4 0 0 0-4.6 5.4L3.5 13.3l3.2 3.2 4.4-4.4a4 4 0 0 0 5.4-4.6L14 10l-2.5-.5L11 7z",
  webhook: "M11 3l-6 8.5h4.5L9 17l6-8.5h-4.5z",
  channel: "M4 4h12v9H8l-4 3z",
  delegate: "M4 3.5v6a3 3 0 0 0 3 3h9M12.5 9l3.5 3.5-3.5 3.5",
  question: "M7 7.5a3 3 0 1 1 4.4 2.6c-.9.5-1.4 1.1-1.4 2.1v.3M10 16v.1",
} as const;

export type IconName = keyof typeof paths;
