// Light, dark, or as the system has it. `public/theme.js` applies the choice before the first paint.

export type Theme = "system" | "light" | "dark";

const key = "wingman.theme";

export class ThemeStore {
  current = $state<Theme>(saved());

  choose(theme: Theme): void {
    this.current = theme;
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    try {
      if (theme === "system") localStorage.removeItem(key);
      else localStorage.setItem(key, theme);
    } catch {
      // Storage may be forbidden; the choice then lasts as long as the page.
    }
  }
}

function saved(): Theme {
  const theme = document.documentElement.dataset["theme"];
  return theme === "light" || theme === "dark" ? theme : "system";
}
