/** Spots painted on a spectrum. A real image's spectrum is symmetric, so every spot comes with its mirror image. */

interface Stroke {
  readonly erase: boolean;
  readonly radius: number;
  readonly points: (readonly [number, number])[];
}

/**
 * Coverage of the half spectrum, 0 … 1, composed of strokes that can be undone. Positions and radii in bins from the
 * zero frequency.
 */
export class Painting {
  readonly width: number;
  readonly height: number;
  readonly coverage: Float32Array;
  readonly #half: number;
  #strokes: Stroke[] = [];

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.#half = (width >> 1) + 1;
    this.coverage = new Float32Array(height * this.#half);
  }

  get empty(): boolean {
    return this.#strokes.length === 0;
  }

  /** Starts a stroke with a spot. */
  begin(x: number, y: number, radius: number, erase: boolean): void {
    const stroke: Stroke = { erase, radius, points: [[x, y]] };
    this.#strokes.push(stroke);
    this.#stamp(x, y, stroke);
  }

  /** Extends the last stroke to a position. */
  extend(x: number, y: number): void {
    const stroke = this.#strokes.at(-1);
    const last = stroke?.points.at(-1);
    if (!stroke || !last || (last[0] === x && last[1] === y)) return;
    stroke.points.push([x, y]);
    this.#line(last, [x, y], stroke);
  }

  undo(): void {
    this.#strokes.pop();
    this.coverage.fill(0);
    for (const stroke of this.#strokes) {
      const [first, ...rest] = stroke.points;
      if (!first) continue;
      this.#stamp(first[0], first[1], stroke);
      let last = first;
      for (const point of rest) {
        this.#line(last, point, stroke);
        last = point;
      }
    }
  }

  clear(): void {
    this.#strokes = [];
    this.coverage.fill(0);
  }

  #line(from: readonly [number, number], to: readonly [number, number], stroke: Stroke): void {
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    const steps = Math.ceil(length / Math.max(1, stroke.radius / 2));
    for (let i = 1; i <= steps; i++)
      this.#stamp(from[0] + ((to[0] - from[0]) * i) / steps, from[1] + ((to[1] - from[1]) * i) / steps, stroke);
  }

  #stamp(x: number, y: number, { radius, erase }: Stroke): void {
    for (const sign of [1, -1]) this.#disc(sign * x, sign * y, radius, erase);
  }

  /**
   * A disc that is solid within its radius and fades over one more bin; frequencies are periodic, so it wraps around.
   */
  #disc(cx: number, cy: number, radius: number, erase: boolean): void {
    const { width, height, coverage } = this;
    const wrap = (k: number, n: number): number => ((k % n) + n) % n;
    for (let y = Math.ceil(cy - radius - 1); y <= cy + radius + 1; y++) {
      for (let x = Math.ceil(cx - radius - 1); x <= cx + radius + 1; x++) {
        const column = wrap(x, width);
        if (column >= this.#half) continue;
        const value = Math.min(1, Math.max(0, radius + 1 - Math.hypot(x - cx, y - cy)));
        const i = wrap(y, height) * this.#half + column;
        const now = coverage[i] as number;
        coverage[i] = erase ? Math.min(now, 1 - value) : Math.max(now, value);
      }
    }
  }
}
