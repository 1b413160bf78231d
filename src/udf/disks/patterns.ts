/** Patterns of diffraction disks, with which frames are correlated; those of LiberTEM-blobfinder. */
import { checkedOptions, checkedValue, row } from '../../options/call-options.js';
import { EwaldError } from '../../util/errors.js';

/** Kinds of patterns, each with what it is for. */
const patternKinds = {
  circular: 'a disk with an edge of one pixel',
  'radial-gradient': 'a disk that is brightest at its edge, for disks with strong contrast inside',
  'background-subtraction': 'a disk minus the ring around it, of the same weight',
  'radial-gradient-background-subtraction': 'a radial gradient minus the ring around it',
  user: 'a template that is passed',
} as const;

/** A pattern of disks. Lengths are pixels. */
export interface DiskPattern {
  /** Default: background-subtraction. */
  readonly kind?: keyof typeof patternKinds | undefined;
  /** Radius of the disks. Required unless the template is your own. */
  readonly radius?: number | undefined;
  /** Outer radius of the ring that is subtracted; default 1.5 radii. Of the two kinds with background subtraction. */
  readonly radiusOuter?: number | undefined;
  /**
   * Half the side of the square around each peak in which its disk is searched, rounded up. Default: two radii, and at
   * least the outer radius; half the diagonal of a passed template.
   */
  readonly search?: number | undefined;
  /** Width of the edge of a radial gradient with background subtraction; default 1. */
  readonly delta?: number | undefined;
  /** The template of the pattern user, [height, width]; it acts turned by 180°, as in blobfinder. */
  readonly template?: ArrayLike<number> | undefined;
  /** Height and width of the template. */
  readonly shape?: readonly [number, number] | undefined;
}

/** A pattern with all of its defaults. */
export type CheckedPattern = ReturnType<typeof checkPattern>;

const rows = {
  kind: row.choice(Object.keys(patternKinds) as (keyof typeof patternKinds)[], 'background-subtraction'),
  radius: row.number(0.5, 512),
  radiusOuter: row.number(0, 1024),
  search: row.number(0.5, 1024),
  delta: row.number(1e-6, 512, 1),
  ...row.others('template', 'shape'),
} as const;

/** Checks a pattern and adds its defaults. Throws `Argument`, `Shape`. */
export function checkPattern(what: string, pattern: DiskPattern) {
  const { kind, delta, ...given } = checkedOptions(`${what}: the pattern`, pattern, rows);
  if (kind === 'user') return { kind, delta, ...userTemplate(what, pattern) };
  if (pattern.template !== undefined)
    throw new EwaldError('Argument', `${what}: a template requires the pattern { kind: 'user' }; it is ${kind}`);
  const radius = checkedValue(`${what}: the pattern: radius`, pattern.radius, row.required(rows.radius));
  const subtracted = kind.endsWith('background-subtraction');
  if (!subtracted && pattern.radiusOuter !== undefined)
    throw new EwaldError('Argument', `${what}: the pattern ${kind} has no outer radius`);
  const radiusOuter = subtracted ? (given.radiusOuter ?? 1.5 * radius) : radius;
  if (subtracted && radiusOuter <= radius)
    throw new EwaldError(
      'Argument',
      `${what}: radiusOuter of the pattern is ${radiusOuter}, its radius ${radius}; expected a larger outer radius`,
    );
  const { search = Math.max(2 * radius, radiusOuter) } = given;
  if (search < radiusOuter)
    throw new EwaldError(
      'Argument',
      `${what}: search is ${search} pixels, less than the ${subtracted ? 'outer ' : ''}radius ${radiusOuter} of the ` +
        'pattern; expected at least that much, so that the whole pattern is used',
    );
  return { kind, radius, radiusOuter, search, delta, template: undefined, shape: [0, 0] as const };
}

function userTemplate(what: string, { template, shape, search }: DiskPattern) {
  const [height = 0, width = 0] = shape ?? [];
  if (!template || shape?.length !== 2 || !(height > 0 && width > 0) || template.length !== height * width)
    throw new EwaldError(
      'Shape',
      `${what}: the template has ${template?.length ?? 'no'} numbers and the shape ${shape ? `[${shape}]` : 'none'}; ` +
        'expected { template, shape: [height, width] } with height · width numbers',
    );
  const numbers: Float64Array = Float64Array.from(template);
  if (!numbers.every(Number.isFinite))
    throw new EwaldError('Argument', `${what}: the template has numbers that are not finite`);
  const half = Math.min(height, width) / 2;
  return {
    radius: half,
    radiusOuter: half,
    search: search ?? Math.hypot(height, width) / 2,
    template: numbers,
    shape: [height, width] as const,
  };
}

/** Half the side of the crops of a pattern. */
export const cropSize = ({ search }: CheckedPattern): number => Math.ceil(search);

/** Rejects a pattern whose crops do not fit into a frame. Throws `Argument`. */
export function checkFits(what: string, pattern: CheckedPattern, [height, width]: readonly [number, number]): void {
  const side = 2 * cropSize(pattern);
  if (side > height || side > width)
    throw new EwaldError(
      'Argument',
      `${what}: the template has ${side} × ${side} pixels (search ${pattern.search}), the frames ${height} × ${width}` +
        '; expected a template that fits into a frame: a smaller radius or search',
    );
}

/** Weight of a pixel at distance r in a ring from `inner` to `outer` whose edges are one pixel wide. */
const ringWeight = (r: number, inner: number, outer: number): number => {
  const half = (outer - inner) / 2;
  return Math.max(0, Math.min(1, half + 0.5 - Math.abs(r - inner - half)));
};

/** The pattern on [height, width] pixels, with its middle at half the sides, rounded down. */
export function patternMask(pattern: CheckedPattern, [height, width]: readonly [number, number]): Float64Array {
  const { kind, radius, radiusOuter, delta, template, shape } = pattern;
  const [cy, cx] = [Math.floor(height / 2), Math.floor(width / 2)];
  if (kind === 'user') return placed(template as Float64Array, shape, height, width);
  if (kind === 'radial-gradient-background-subtraction') {
    // blobfinder makes it on a separate square, whose middle is up to half a pixel from that of the pattern.
    const side = Math.ceil(2 * radiusOuter + 2);
    const own = radial(side, side, radiusOuter + 1, radiusOuter + 1, side, (r) =>
      gradientWeight(r, radius, delta, radiusOuter),
    );
    return placed(own, [side, side], height, width);
  }
  // No pattern reaches farther than half a pixel beyond its outer radius.
  const reach = Math.max(radius, radiusOuter) + 1;
  if (kind === 'radial-gradient') return radial(height, width, cy, cx, reach, (r) => gradientWeight(r, radius, 1, 0));
  const disk = radial(height, width, cy, cx, reach, (r) => ringWeight(r, 0, radius));
  disk[cy * width + cx] = 1;
  if (kind === 'circular') return disk;
  const around = radial(height, width, cy, cx, reach, (r) => ringWeight(r, radius, radiusOuter));
  const sum = (mask: Float64Array): number => mask.reduce((total, value) => total + value, 0);
  const weight = sum(disk) / sum(around);
  return disk.map((value, i) => value - weight * (around[i] as number));
}

/**
 * Sides of the smallest mask with all of a pattern that is not 0 on [height, width] pixels, with the same middle: they are
 * even or odd as those are.
 */
export function patternExtent(pattern: CheckedPattern, sides: readonly [number, number]): [number, number] {
  const { kind, radius, radiusOuter, shape } = pattern;
  const reach =
    kind === 'user'
      ? shape.map((n) => Math.ceil(n / 2) + 1)
      : [0, 1].map(() => Math.ceil(Math.max(radius, radiusOuter)) + 2);
  return sides.map((side, axis) => Math.min(side, 2 * (reach[axis] as number) + (side % 2))) as [number, number];
}

/** A function of the distance from (cy, cx), 0 beyond `reach`. */
function radial(
  height: number,
  width: number,
  cy: number,
  cx: number,
  reach: number,
  value: (r: number) => number,
): Float64Array {
  const out = new Float64Array(height * width);
  for (let y = Math.max(0, Math.floor(cy - reach)); y < Math.min(height, cy + reach + 1); y++)
    for (let x = Math.max(0, Math.floor(cx - reach)); x < Math.min(width, cx + reach + 1); x++) {
      const [dy, dx] = [y - cy, x - cx];
      out[y * width + x] = value(Math.sqrt(dy * dy + dx * dx));
    }
  return out;
}

/** Rises to 1 at the edge, falls to −1 across it, and is −1 up to the outer radius. */
function gradientWeight(r: number, radius: number, delta: number, outer: number): number {
  if (r < radius - delta / 2) return r / radius;
  if (r < radius + delta / 2) return (radius - r) / (delta / 2);
  return r < outer ? -1 : 0;
}

/** A template of the user, padded or cut around its middle. */
function placed(
  template: Float64Array,
  [rows, columns]: readonly [number, number],
  height: number,
  width: number,
): Float64Array {
  const out = new Float64Array(height * width);
  // An odd pixel of padding, or of what is cut off, is at the end.
  const [top, left] = [Math.trunc((height - rows) / 2), Math.trunc((width - columns) / 2)];
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) {
      const [ty, tx] = [y + top, x + left];
      if (ty >= 0 && tx >= 0 && ty < height && tx < width) out[ty * width + tx] = template[y * columns + x] as number;
    }
  return out;
}
