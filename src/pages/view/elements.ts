/** Helpers that create, size, find and update page elements. */
import { byId } from '../by-id.js';

/** Properties of an element, handlers of events such as `onclick` among them, and some of its data and its style. */
type Properties<E> = Partial<Omit<E, 'dataset' | 'style'>> & {
  readonly dataset?: Readonly<Record<string, string>>;
  readonly style?: Partial<CSSStyleDeclaration>;
};

/** An element of texts, which are never markup, children and properties. */
export function createElement<K extends keyof HTMLElementTagNameMap>(
  name: K,
  ...parts: readonly (string | Node | Properties<HTMLElementTagNameMap[K]>)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const part of parts)
    if (typeof part === 'string' || part instanceof Node) element.append(part);
    else {
      const { dataset, style, ...properties } = part;
      Object.assign(element, properties);
      Object.assign(element.dataset, dataset);
      Object.assign(element.style, style);
    }
  return element;
}

/** Adds the style of a part of the page, which is loaded with its code; a server's rules forbid the element. */
export function addStyle(style: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

/** Options of a list, from the text of each value. */
export const optionsOf = (texts: Readonly<Record<string, string>>): HTMLOptionElement[] =>
  Object.entries(texts).map(([value, text]) => new Option(text, value));

/** A button with a text. */
export const createButton = (text: string, properties: Properties<HTMLButtonElement>): HTMLButtonElement =>
  createElement('button', text, { type: 'button', ...properties });

/** Colour of an element in a form that a canvas accepts. Custom properties would return the text `light-dark(…)`. */
export const computedColor = (element: Element, property: 'color' | 'accentColor' | 'outlineColor' = 'color'): string =>
  getComputedStyle(element)[property];

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

/** The pen of a canvas that has been cleared, and has the number of screen pixels that it covers. */
export function clearedPen(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  fitCanvas(canvas);
  const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
  pen.clearRect(0, 0, canvas.width, canvas.height);
  return pen;
}

/** The input element, or the list, with an id. */
export const inputById = (id: string): HTMLInputElement => byId<HTMLInputElement>(id);
export const selectById = (id: string): HTMLSelectElement => byId<HTMLSelectElement>(id);

/** Calls a function when an element is clicked. */
export const onClick = (id: string, handler: () => unknown): void =>
  byId(id).addEventListener('click', () => void handler());

/** Adds names to a list, by default with themselves as their texts, and calls a function with the one that is chosen. */
export function bindSelect<T extends string>(
  list: HTMLSelectElement,
  handler: (name: T) => unknown,
  names: readonly T[] = [],
  textOf: (name: T) => string = (name) => name.replace('-', ' '),
): void {
  list.append(...names.map((name) => new Option(textOf(name), name)));
  list.addEventListener('change', () => void handler(list.value as T));
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

/** Shows why a field's value is invalid, or clears the message if no problem is given. Returns whether it is valid. */
export function validateField(input: HTMLInputElement, problem?: string): boolean {
  input.setCustomValidity(problem ?? '');
  if (problem === undefined) input.removeAttribute('aria-invalid');
  else {
    input.setAttribute('aria-invalid', 'true');
    input.reportValidity();
  }
  return problem === undefined;
}

/** The number in a field; undefined if it is empty or invalid, in which case the problem is shown. */
export function readNumber(
  input: HTMLInputElement,
  problemOf: (value: number) => string | undefined = () => undefined,
) {
  const value = input.value.trim() === '' ? Number.NaN : Number(input.value);
  const problem = Number.isFinite(value) ? problemOf(value) : 'Enter a number.';
  return validateField(input, problem) ? value : undefined;
}

/** What is wrong with a number that is not positive; undefined if it is. */
export const positiveNumberProblem = (value: number): string | undefined =>
  value > 0 ? undefined : 'Enter a number above 0.';

/** The limits of a picture with one replaced by the number in a field; undefined if they would not form a valid range. */
export function readLimits(
  input: HTMLInputElement,
  end: 'low' | 'high',
  [low, high]: readonly [number, number],
): [low: number, high: number] | undefined {
  const value = readNumber(input, (entered) => {
    if (end === 'low')
      return entered < high ? undefined : `Enter a number below the upper limit, ${Number(high.toPrecision(5))}.`;
    return entered > low ? undefined : `Enter a number above the lower limit, ${Number(low.toPrecision(5))}.`;
  });
  if (value === undefined) return undefined;
  return end === 'low' ? [value, high] : [low, value];
}

/** Sets the text of a field, unless the user is editing it; returns whether it was set. */
export function setTextUnlessFocused(input: HTMLInputElement, text: string): boolean {
  const isNotFocused = document.activeElement !== input;
  if (isNotFocused) {
    input.value = text;
    validateField(input);
  }
  return isNotFocused;
}

/** The same by the id of the field. */
export const setTextByIdUnlessFocused = (id: string, text: string): boolean =>
  setTextUnlessFocused(inputById(id), text);
