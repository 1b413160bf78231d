/** What a calibration says of the pattern itself: its scale and distortion, its width, which pixels have no count. */
import { type Calibration, edgeOf, isDistorted, isKnown } from '../calibrate/calibration.js';

/** The axes of a pattern. */
export interface PatternAxes {
  /** Width of the edge of the disk, a standard deviation in pixels. */
  readonly edge: number;
  /** All pixels without a count of their own: hot, dead, in gaps, behind the beam stop. */
  readonly covered: readonly (readonly [y: number, x: number])[];
  /** As that of `ellipse`, of the known lattice or else of the disk; 0 if it may be none. */
  readonly distortion: { readonly e1: number; readonly e2: number };
  /** The size of a pixel, in pixels if it is unknown; then also why. */
  readonly scale: { readonly value: number; readonly unit: string; readonly refused?: string };
  /** Variance of a pattern along one axis, in pixels squared, within a disk of this radius or in the whole frame. */
  spread(radius: number | null, inner: number | null): number | undefined;
}

const inPixels = { value: 1, unit: 'pixels' } as const;

/** The size of a pixel in nm⁻¹, or in mrad. */
function scaleOf({ scale, milliradians }: Calibration): PatternAxes['scale'] {
  if (scale && isKnown(scale)) return { value: scale.value, unit: 'nm⁻¹' };
  if (milliradians && isKnown(milliradians)) return { value: milliradians.value, unit: 'mrad' };
  const why = (scale ?? milliradians)?.refused;
  return { ...inPixels, ...(why !== undefined && { refused: `radii are in pixels: ${why}` }) };
}

function distortionOf({ scale, ellipse }: Calibration): { readonly e1: number; readonly e2: number } {
  const known = scale && isKnown(scale) && 'lattice' in scale ? scale.lattice : ellipse;
  if ('refused' in known) return { e1: 0, e2: 0 };
  const { e1, e2 } = known;
  // What may be nothing would only add its error.
  return isDistorted(known) ? { e1, e2 } : { e1: 0, e2: 0 };
}

/** All pixels to which a calibration gives no count. */
export const coveredBy = ({
  badPixels: { hot, dead, gap, invalid },
  stop,
}: Calibration): (readonly [number, number])[] => [
  ...hot,
  ...(dead ?? []),
  ...[gap, invalid, stop].flatMap((runs = []) =>
    runs.flatMap(([y, first, end]) => Array.from({ length: end - first }, (_, k) => [y, first + k] as const)),
  ),
];

/** Without a calibration. */
export const unknownAxes: PatternAxes = {
  edge: 0,
  covered: [],
  distortion: { e1: 0, e2: 0 },
  scale: inPixels,
  spread: () => undefined,
};

/** Those of a calibration. */
export function patternAxes(calibration: Calibration): PatternAxes {
  const { disk, spread } = calibration;
  return {
    edge: edgeOf(disk),
    covered: coveredBy(calibration),
    distortion: distortionOf(calibration),
    scale: scaleOf(calibration),
    spread(within, inner) {
      if (inner !== null && inner > 0) return undefined;
      if (within === null) return spread;
      // A uniform disk, or the part of it that is used.
      return isKnown(disk) ? Math.min(disk.radius, within) ** 2 / 4 : undefined;
    },
  };
}
