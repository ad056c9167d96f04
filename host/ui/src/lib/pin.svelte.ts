// Keeps a scrolled element at its end while it grows, unless the reader has scrolled away.

const near = 24;

export class Pin {
  pinned = $state(true);
  #element: HTMLElement | null = null;
  #last = 0;

  /** For the element that scrolls; its children are what grows. */
  attach = (element: HTMLElement): (() => void) => {
    this.#element = element;
    const follow = new ResizeObserver(() => {
      if (this.pinned) element.scrollTop = element.scrollHeight;
    });
    follow.observe(element);
    for (const child of element.children) follow.observe(child);
    element.addEventListener("scroll", this.#scrolled, { passive: true });
    return () => {
      follow.disconnect();
      element.removeEventListener("scroll", this.#scrolled);
    };
  };

  /** The reader goes elsewhere, though nothing was scrolled yet. */
  release = (): void => {
    this.pinned = false;
  };

  toEnd = (): void => {
    this.pinned = true;
    this.#element?.scrollTo({ top: this.#element.scrollHeight });
  };

  /** Runs `grow`, which adds above what is read, and keeps the reader's lines where they are. */
  async keepingPlace(grow: () => Promise<void>): Promise<void> {
    const element = this.#element;
    if (element === null) return grow();
    const fromEnd = element.scrollHeight - element.scrollTop;
    await grow();
    element.scrollTop = element.scrollHeight - fromEnd;
  }

  #scrolled = (): void => {
    const element = this.#element;
    if (element === null) return;
    const left = element.scrollHeight - element.scrollTop - element.clientHeight;
    // Upwards is the reader's will, however little; downwards counts only near the end.
    if (element.scrollTop < this.#last - 1 && left > 2) this.pinned = false;
    else if (left < near) this.pinned = true;
    this.#last = element.scrollTop;
  };
}
