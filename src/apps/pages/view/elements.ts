/** Elements of the page: made, sized, found and written. */
import { byId } from '../by-id.js';

/** An element with text and attributes. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  text = '',
  children: readonly Node[] = [],
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  // File names and messages are text, never markup.
  made.textContent = text;
  made.append(...children);
  return made;
}

/** Colour of an element in a form that a canvas accepts. Custom properties would return the text `light-dark(…)`. */
export const inkOf = (of: Element, property: 'color' | 'accentColor' | 'outlineColor' = 'color'): string =>
  getComputedStyle(of)[property];

/** Resizes a canvas to the number of screen pixels that it covers; returns whether its size has changed. */
export function fitCanvas(canvas: HTMLCanvasElement): boolean {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((css) =>
    Math.max(1, Math.round(css * devicePixelRatio)),
  ) as [number, number];
  if (canvas.width === width && canvas.height === height) return false;
  canvas.width = width;
  canvas.height = height;
  return true;
}

/** The input element with an id. */
export const field = (id: string): HTMLInputElement => byId<HTMLInputElement>(id);

/** Calls a function when an element is clicked. */
export const onClick = (id: string, act: () => unknown): void => byId(id).addEventListener('click', () => void act());

/** Adds options to a list, each a value and its text, and calls a function with the value that is chosen. */
export function bindSelect<T extends string>(
  id: string,
  act: (value: T) => unknown,
  options: Iterable<readonly [value: T, text: string]> = [],
): void {
  const select = byId<HTMLSelectElement>(id);
  for (const [value, text] of options) select.append(new Option(text, value));
  select.addEventListener('change', () => void act(select.value as T));
}

/** The sliders inside an element. */
export const slidersIn = (id: string): HTMLInputElement[] => [
  ...byId(id).querySelectorAll<HTMLInputElement>('.slider input'),
];

/** Sets a slider and the text of the output in front of it. */
export function writeSlider(slider: HTMLInputElement, value: number, text: string): void {
  slider.value = String(value);
  (slider.previousElementSibling as HTMLOutputElement).value = text;
}

/** Sets the text of a field, unless the user is editing it; returns whether it was set. */
export function writeUnlessEdited(id: string, text: string): boolean {
  const isFree = document.activeElement !== byId(id);
  if (isFree) field(id).value = text;
  return isFree;
}
