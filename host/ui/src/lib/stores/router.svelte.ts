// Where the page is, kept in the address after `#`: `#/chat/<session id>`, `#/plugins`.

export interface Route {
  /** A place's id; empty for the list screen. */
  place: string;
  /** What is open within the place. */
  detail: string | null;
}

class Router {
  current = $state.raw<Route>(parse(location.hash));

  listen(): () => void {
    const read = () => (this.current = parse(location.hash));
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }

  go(place: string, detail?: string, options: { replace?: boolean } = {}): void {
    const target = href(place, detail);
    if (options.replace === true) history.replaceState(null, "", target);
    else history.pushState(null, "", target);
    this.current = parse(target);
  }
}

export function href(place: string, detail?: string): string {
  if (place === "") return "#/";
  return detail === undefined ? `#/${place}` : `#/${place}/${encodeURIComponent(detail)}`;
}

export function parse(hash: string): Route {
  const [place = "", detail] = hash.replace(/^#\/?/, "").split("/");
  try {
    return { place, detail: detail === undefined || detail === "" ? null : decodeURIComponent(detail) };
  } catch {
    return { place, detail: null };
  }
}

export const router = new Router();
