// Whether fingers are what the page is used with: a keyboard then covers what is to be read.

export function isTouch(): boolean {
  return matchMedia("(pointer: coarse)").matches;
}
