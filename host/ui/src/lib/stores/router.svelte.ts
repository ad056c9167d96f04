// Where the page is, kept in the address after `#`: `#/chat/<session id>/<message id>`, `#/plugins`.

export interface Route {
  /** A place's id; empty for the list screen. */
  place: string;
  /** What is open within the place. */
  detail: string | null;
  /** What is looked for within that. */
  part: string | null;
}

class Router {
  current = $state.raw<Route>(parse(location.hash));

  listen(): () => void {
    const read = () => (this.current = parse(location.hash));
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }

  go(place: string, detail?: string, options: { replace?: boolean; part?: string } = {}): void {
    const target = href(place, detail, options.part);
    if (options.replace === true) history.replaceState(null, "", target);
    else history.pushState(null, "", target);
    this.current = parse(target);
  }
}

export function href(place: string, detail?: string, part?: string): string {
  if (place === "") return "#/";
  const within = [detail, part].filter((one) => one !== undefined);
  return `#/${[place, ...within.map(encodeURIComponent)].join("/")}`;
}

export function parse(hash: string): Route {
  const [place = "", detail, part] = hash.replace(/^#\/?/, "").split("/");
  return { place, detail: decoded(detail), part: decoded(part) };
}

function decoded(text: string | undefined): string | null {
  if (text === undefined || text === "") return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

export const router = new Router();
