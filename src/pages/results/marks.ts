/** Marks on a picture: peaks, predicted reflections, rings of resolution. */
import type { StoredMarks } from '../../entries/pages.js';
import { createElement } from '../view/elements.js';

function svg(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

const sizeOf = ({ size }: StoredMarks, i: number): number => (typeof size === 'number' ? size : (size[i] ?? 0));

/** The marks of one kind, in pixels of the picture. */
export function marksOf(marks: StoredMarks): SVGElement {
  const group = svg('g', { class: `marks-${marks.shape}` });
  for (const [i, x] of marks.x.entries()) {
    const [y, r] = [marks.y[i] as number, sizeOf(marks, i)];
    const isSquare = marks.shape === 'square';
    group.append(
      isSquare ? svg('rect', { x: x - r, y: y - r, width: 2 * r, height: 2 * r }) : svg('circle', { cx: x, cy: y, r }),
    );
  }
  return group;
}

/** The box that shows and hides marks. */
export function marksShown({ name, x }: StoredMarks, group: SVGElement): HTMLElement {
  const box = createElement('input', { type: 'checkbox', checked: true });
  box.onchange = () => group.toggleAttribute('hidden', !box.checked);
  return createElement('label', box, ` ${name} (${x.length})`);
}

/** What is marked at a place of the picture, in words; empty where nothing is. */
export function markAt(all: readonly StoredMarks[], groups: readonly SVGElement[], x: number, y: number): string {
  const found = all.flatMap((marks, k) => {
    if (groups[k]?.hasAttribute('hidden') || marks.shape === 'ring') return [];
    let [nearest, least] = [-1, Number.POSITIVE_INFINITY];
    for (const [i, at] of marks.x.entries()) {
      const distance = Math.max(Math.abs(at - x), Math.abs((marks.y[i] as number) - y));
      if (distance < least && distance <= sizeOf(marks, i) + 0.5) [nearest, least] = [i, distance];
    }
    return nearest < 0 ? [] : [`${marks.name} ${marks.texts?.[nearest] ?? nearest}`];
  });
  return found.map((text) => ` · ${text}`).join('');
}
