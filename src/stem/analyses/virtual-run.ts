/** The analysis of `ewald run` that gives what a virtual detector of the viewer shows. */
import type { AnalysisParameters } from '../parameter-types.js';

/**
 * A virtual detector, in pixels of a frame from its corner: a disk of the radius `outer`, a ring between both radii, a
 * square of the half-width `outer`, or the one pixel at its centre.
 */
export interface VirtualShape {
  readonly kind: 'disk' | 'ring' | 'square' | 'point';
  readonly cx: number;
  readonly cy: number;
  readonly outer: number;
  readonly inner: number;
}

/** What a virtual detector shows: the sum, the shifts of the centre of mass with what follows from them, their integral. */
export type VirtualQuantity = 'sum' | 'com' | 'icom';

/** An analysis with its options. */
export interface VirtualRun {
  readonly name: 'disk' | 'ring' | 'point' | 'com' | 'icom';
  readonly options: Pick<
    AnalysisParameters,
    | ('cx' | 'cy' | 'x' | 'y' | 'r' | 'ri' | 'ro' | 'maskRadius' | 'maskRadiusInner')
    | ('scanRotation' | 'flipY' | 'regression')
  >;
}

const rounded = (value: number): number => Number(value.toPrecision(12));

/** The analysis of what a detector shows; undefined for a detector that no analysis has. */
export function runOfShape(
  { kind, ...shape }: VirtualShape,
  quantity: VirtualQuantity,
  { scanRotation, flipY }: { readonly scanRotation?: number | undefined; readonly flipY?: boolean | undefined } = {},
): VirtualRun | undefined {
  if (kind === 'square' || (kind === 'point' && quantity !== 'sum')) return undefined;
  // Analyses count from the centre of the first pixel, shapes from its corner.
  const centre = { cx: rounded(shape.cx - 0.5), cy: rounded(shape.cy - 0.5) };
  const [outer, inner] = [rounded(shape.outer), rounded(shape.inner)];
  if (kind === 'point') return { name: 'point', options: { x: Math.floor(shape.cx), y: Math.floor(shape.cy) } };
  if (quantity === 'sum')
    return kind === 'disk'
      ? { name: 'disk', options: { ...centre, r: outer } }
      : { name: 'ring', options: { ...centre, ri: inner, ro: outer } };
  return {
    name: quantity,
    options: {
      ...centre,
      maskRadius: outer,
      ...(kind === 'ring' && { maskRadiusInner: inner }),
      ...(scanRotation !== undefined && { scanRotation: rounded(scanRotation) }),
      ...(flipY && { flipY }),
      ...(quantity === 'com' && { regression: 'mean' as const }),
    },
  };
}
