/**
 * Mouse, touch and keyboard input on the spectrum: the position of the brush, and strokes. Positions are bins from the
 * zero frequency.
 */
import { byId } from '../by-id.js';

interface BrushActions {
  /** Called with the bin under the brush; undefined if it is outside the spectrum. */
  hover(place: readonly [number, number] | undefined): void;
  begin(x: number, y: number, erase: boolean | undefined): void;
  extend(x: number, y: number): void;
  undo(): void;
  zoom(step: number): void;
}

/** Binds the actions to the canvas. */
export function bindBrush(canvas: HTMLCanvasElement, actions: BrushActions): void {
  const pad = byId('pad');
  let cursor: [number, number] = [0, 0];
  let down = false;
  const middle = (): [number, number] => [canvas.width >> 1, canvas.height >> 1];
  const placeOf = ({ clientX, clientY }: PointerEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    const bin = (at: number, length: number, n: number): number =>
      Math.min(n - 1, Math.max(0, Math.floor((at / length) * n)));
    const [mx, my] = middle();
    return [
      bin(clientX - box.left, box.width, canvas.width) - mx,
      bin(clientY - box.top, box.height, canvas.height) - my,
    ];
  };
  pad.addEventListener('pointerdown', (event) => {
    if (event.button > 0) return;
    pad.setPointerCapture(event.pointerId);
    down = true;
    cursor = placeOf(event);
    actions.begin(...cursor, undefined);
  });
  pad.addEventListener('pointermove', (event) => {
    cursor = placeOf(event);
    actions.hover(cursor);
    if (down) actions.extend(...cursor);
  });
  for (const end of ['pointerup', 'pointercancel'] as const) {
    pad.addEventListener(end, () => {
      down = false;
    });
  }
  pad.addEventListener('pointerleave', () => actions.hover(undefined));
  pad.addEventListener('focus', () => {
    if (!down && pad.matches(':focus-visible')) actions.hover(cursor);
  });
  pad.addEventListener('blur', () => actions.hover(undefined));
  const moves: Record<string, readonly [number, number]> = {
    ArrowLeft: [-1, 0],
    ArrowRight: [1, 0],
    ArrowUp: [0, -1],
    ArrowDown: [0, 1],
  };
  pad.addEventListener('keydown', (event) => {
    const move = moves[event.key];
    if (move) {
      const far = event.shiftKey ? 10 : 1;
      const [mx, my] = middle();
      const keep = (at: number, m: number, n: number): number => Math.min(n - 1 - m, Math.max(-m, at));
      cursor = [keep(cursor[0] + far * move[0], mx, canvas.width), keep(cursor[1] + far * move[1], my, canvas.height)];
      actions.hover(cursor);
    } else if (event.key === 'Enter' || event.key === ' ') actions.begin(...cursor, false);
    else if (event.key === 'Delete' || event.key === 'Backspace') actions.begin(...cursor, true);
    else if (event.key === '+' || event.key === '-') actions.zoom(event.key === '+' ? 1 : -1);
    else if (event.key === 'z' && (event.ctrlKey || event.metaKey)) actions.undo();
    else return;
    event.preventDefault();
  });
}

/** Overlays of the spectrum. */
export interface Marks {
  readonly width: number;
  readonly height: number;
  /** Radii in cycles per pixel. */
  readonly rings: readonly number[];
  /** Angles of the directions, in degrees anticlockwise. */
  readonly angles: readonly number[];
  readonly brush: { readonly at: readonly [number, number]; readonly radius: number } | undefined;
}

/**
 * Draws rings, directions, the brush and its mirror image, each on a dark outline that is visible on a bright
 * background.
 */
export function drawMarks({ width, height, rings, angles, brush }: Marks): void {
  const svg = byId<SVGSVGElement>('marks');
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  const [cx, cy] = [(width >> 1) + 0.5, (height >> 1) + 0.5];
  const ellipse = (x: number, y: number, rx: number, ry: number): string =>
    `<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}"`;
  const shapes = [
    ...rings.map((f) => ellipse(cx, cy, f * width, f * height)),
    ...angles.map((degrees) => {
      // A direction in cycles per pixel is scaled by the side lengths, like everything in this image.
      const [dx, dy] = [Math.cos((degrees * Math.PI) / 180) * width, -Math.sin((degrees * Math.PI) / 180) * height];
      return `<line x1="${cx - dx}" y1="${cy - dy}" x2="${cx + dx}" y2="${cy + dy}"`;
    }),
    ...(brush
      ? [1, -1].map((sign) =>
          ellipse(cx + sign * brush.at[0], cy + sign * brush.at[1], brush.radius + 0.5, brush.radius + 0.5),
        )
      : []),
  ];
  svg.innerHTML = ['shade', 'line']
    .map((name) => shapes.map((shape) => `${shape} class="${name}"/>`).join(''))
    .join('');
}
