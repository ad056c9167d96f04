// The page's idea of now, for relative times: ticks while it is looked at.

class Clock {
  now = $state(Date.now());

  tick = (): void => {
    if (!document.hidden) this.now = Date.now();
  };
}

export const clock = new Clock();
