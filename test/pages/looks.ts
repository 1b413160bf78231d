/** What a look at a page finds: parts beyond the window, cut words, small targets, words over each other. */
import type { Page } from 'playwright-core';

/** Words that a canvas shows, as boxes of screen pixels. */
interface DrawnWords {
  readonly text: string;
  readonly box: readonly [left: number, top: number, right: number, bottom: number];
}
declare global {
  interface HTMLCanvasElement {
    drawnWords?: DrawnWords[];
  }
}

/** In a page, before its scripts: canvases remember the words that they show. */
export function rememberWords(): void {
  const { fillText, clearRect } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function (x, y, width, height) {
    this.canvas.drawnWords = [];
    clearRect.call(this, x, y, width, height);
  };
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, most) {
    const { actualBoundingBoxLeft, actualBoundingBoxRight, actualBoundingBoxAscent, actualBoundingBoxDescent } =
      this.measureText(text);
    const matrix = this.getTransform();
    const [from, to] = [
      new DOMPoint(x - actualBoundingBoxLeft, y - actualBoundingBoxAscent),
      new DOMPoint(x + actualBoundingBoxRight, y + actualBoundingBoxDescent),
    ].map((point) => matrix.transformPoint(point)) as [DOMPoint, DOMPoint];
    // An outline and its text are the same words.
    this.canvas.drawnWords ??= [];
    this.canvas.drawnWords.push({ text, box: [from.x, from.y, to.x, to.y] });
    fillText.call(this, text, x, y, ...((most === undefined ? [] : [most]) as [number]));
  };
}

/** In a page: the room that a control has for its words, and what they take. */
function roomOf(control: HTMLElement): [room: number, words: number] {
  if (control instanceof HTMLInputElement) {
    if (control.type !== 'text') return [0, 0];
    // An empty field shows what it expects.
    const { value } = control;
    if (value === '') control.value = control.placeholder;
    const words = control.scrollWidth;
    if (value === '') control.value = '';
    return [control.clientWidth, words];
  }
  if (!(control instanceof HTMLSelectElement)) return [control.clientWidth, control.scrollWidth];
  const style = getComputedStyle(control);
  const pen = new OffscreenCanvas(1, 1).getContext('2d') as OffscreenCanvasRenderingContext2D;
  pen.font = style.font;
  const padding = Number.parseFloat(style.paddingLeft) + Number.parseFloat(style.paddingRight);
  const arrow = 1.5 * Number.parseFloat(style.fontSize);
  // Each name may be chosen.
  const longest = Math.max(0, ...Array.from(control.options, ({ text }) => pen.measureText(text).width));
  return [control.clientWidth - padding - arrow, longest];
}

const controls = 'button, select, input, summary, .button, [role=tab], a[href]';

/** In a page: controls that are cut, small, or beyond the window. */
function faultsOfControls(selector: string, room: typeof roomOf): string[] {
  const all: string[] = [];
  const nameOf = (control: HTMLElement): string =>
    `<${control.localName} ${control.id || (control as HTMLInputElement).name || control.textContent?.trim()}>`;
  const modal = document.querySelector('dialog:modal');
  for (const control of document.querySelectorAll<HTMLElement>(selector)) {
    if (!control.checkVisibility({ visibilityProperty: true }) || (modal && !modal.contains(control))) continue;
    const label = control.closest('label');
    const { left, right, width, height } = control.getBoundingClientRect();
    const say = (text: string): number => all.push(`${nameOf(control)} ${text}`);
    if (left < -0.5 || right > document.documentElement.clientWidth + 0.5) say(`stands at ${left} to ${right}`);
    for (let around = control.parentElement; around; around = around.parentElement) {
      const box = around.getBoundingClientRect();
      const { overflowX } = getComputedStyle(around);
      if (overflowX === 'visible') continue;
      if (left < box.left - 0.5 || right > box.right + 0.5) say(`is cut by <${around.localName} ${around.id}>`);
      break;
    }
    const [shown, whole] = room(control);
    if (whole > shown + 1) say(`shows ${shown.toFixed(0)} of ${whole.toFixed(0)} px of its words`);
    if (control.localName === 'a' && control.parentElement?.localName === 'p') continue;
    const target = (label ?? control).getBoundingClientRect();
    const [wide, tall] = [Math.max(width, target.width), Math.max(height, target.height)];
    if (wide < 23.9 || tall < 23.9) say(`is ${wide.toFixed(1)} × ${tall.toFixed(1)} px`);
  }
  return all;
}

/** In a page: words of elements that stand over each other. */
function faultsOfWords(): string[] {
  const all: string[] = [];
  const seen: { text: string; node: Node; box: DOMRect }[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const modal = document.querySelector('dialog:modal');
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement as HTMLElement;
    const text = node.textContent?.trim() ?? '';
    if (!text || !element.checkVisibility({ visibilityProperty: true }) || element.closest('option, select')) continue;
    if (modal && !modal.contains(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const { left, top, right, bottom } of range.getClientRects()) {
      // What is scrolled or cut away is not seen.
      let [l, t, r, b] = [left, top, right, bottom];
      let isPinned = false;
      for (let around: HTMLElement | null = element; around; around = around.parentElement) {
        const { overflow, position } = getComputedStyle(around);
        isPinned ||= position === 'sticky';
        const box = around.getBoundingClientRect();
        if (overflow === 'visible' || around === document.body) continue;
        [l, t, r, b] = [Math.max(l, box.left), Math.max(t, box.top), Math.min(r, box.right), Math.min(b, box.bottom)];
      }
      if (!isPinned && r - l > 2 && b - t > 2) seen.push({ text, node, box: new DOMRect(l, t, r - l, b - t) });
    }
  }
  for (const [i, one] of seen.entries())
    for (const two of seen.slice(i + 1)) {
      const wide = Math.min(one.box.right, two.box.right) - Math.max(one.box.left, two.box.left);
      const tall = Math.min(one.box.bottom, two.box.bottom) - Math.max(one.box.top, two.box.top);
      if (one.node !== two.node && wide > 2 && tall > 4) all.push(`"${one.text}" stands over "${two.text}"`);
    }
  return all;
}

/** In a page: words of canvases that are cut, or stand over each other. */
function faultsOfCanvases(): string[] {
  const all: string[] = [];
  for (const canvas of document.querySelectorAll('canvas')) {
    if (!canvas.checkVisibility()) continue;
    const name = canvas.id || canvas.closest('[id]')?.id;
    const words = canvas.drawnWords ?? [];
    for (const [i, { text, box }] of words.entries()) {
      const isWhole = box[0] >= -1 && box[1] >= -1 && box[2] <= canvas.width + 1 && box[3] <= canvas.height + 1;
      if (!isWhole) all.push(`"${text}" is cut by the canvas of ${name}`);
      for (const other of words.slice(i + 1)) {
        const wide = Math.min(box[2], other.box[2]) - Math.max(box[0], other.box[0]);
        const tall = Math.min(box[3], other.box[3]) - Math.max(box[1], other.box[1]);
        if (wide > 1 && tall > 1) all.push(`"${text}" stands over "${other.text}" in ${name}`);
      }
    }
  }
  return all;
}

/** Parts of a page that show something: pictures, charts, and what holds them. */
const parts = 'canvas, main, aside, section, header, [role=tabpanel]';

/** In a page: parts that are visible and too small to show anything. */
function faultsOfParts(selector: string): string[] {
  return Array.from(document.querySelectorAll<HTMLElement>(selector)).flatMap((part) => {
    if (!part.checkVisibility({ visibilityProperty: true })) return [];
    const { width, height } = part.getBoundingClientRect();
    if (Math.min(width, height) >= 16) return [];
    return [`<${part.localName} ${part.id || part.className}> is ${width.toFixed(1)} × ${height.toFixed(1)} px`];
  });
}

/** In a page without a policy: the share of a picture that is not of its most frequent colour. */
async function shareDrawn(png: string): Promise<number> {
  const image = new Image();
  image.src = `data:image/png;base64,${png}`;
  await image.decode();
  const pen = new OffscreenCanvas(image.width, image.height).getContext('2d') as OffscreenCanvasRenderingContext2D;
  pen.drawImage(image, 0, 0);
  const counts = new Map<number, number>();
  const colours = new Uint32Array(pen.getImageData(0, 0, image.width, image.height).data.buffer);
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  return 1 - Math.max(...counts.values()) / colours.length;
}

/** The canvases in the window that show one colour alone. */
export async function blankCanvases(page: Page): Promise<string[]> {
  const reader = await page.context().newPage();
  const blank: string[] = [];
  for (const canvas of await page.locator('canvas:visible').all()) {
    const name = await canvas.evaluate((one) => one.id || `${one.closest('[id]')?.id} ${one.className}`);
    const png = (await canvas.screenshot()).toString('base64');
    if ((await reader.evaluate(shareDrawn, png)) === 0) blank.push(`the canvas of ${name} is blank`);
  }
  await reader.close();
  return blank;
}

/** What is wrong with the looks of a page. */
export async function faultsOfLooks(page: Page): Promise<string[]> {
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  return [
    ...(overflow > 1 ? [`the page is wider than the window by ${overflow} px`] : []),
    // As text, since a function of the page knows no other of this module.
    ...((await page.evaluate(`(${faultsOfControls})(${JSON.stringify(controls)}, ${roomOf})`)) as string[]),
    ...(await page.evaluate(faultsOfParts, parts)),
    ...(await page.evaluate(faultsOfWords)),
    ...(await page.evaluate(faultsOfCanvases)),
  ];
}
