// Every place of the page. A new place is one folder under `places/` and one line here.
import type { Component } from "svelte";
import type { IconName } from "../lib/components/icons";

export interface Place {
  /** First part of its address. */
  id: string;
  title: string;
  icon: IconName;
  load: () => Promise<{ default: Component }>;
}

export const places: Place[] = [
  { id: "chat", title: "Chat", icon: "chat", load: () => import("../places/chat/Chat.svelte") },
  { id: "plugins", title: "Plugins", icon: "plugins", load: () => import("../places/plugins/Plugins.svelte") },
  { id: "settings", title: "Settings", icon: "settings", load: () => import("../places/settings/Settings.svelte") },
];
