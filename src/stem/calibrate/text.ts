/** A calibration in words, a line for each part. */
import { type Calibration, isDistorted, isKnown, type PixelRuns, type Refused } from './calibration.js';

/** A number with its error, with two digits of the error. */
function within(value: number, error: number): string {
  const digits = Math.max(0, Math.min(6, 1 - Math.floor(Math.log10(Math.max(error, 1e-6)))));
  return `${value.toFixed(digits)} ± ${error.toFixed(digits)}`;
}

/** The parts of a calibration by name, each with its error or its refusal, in the order of their use. */
export function calibrationTexts(calibration: Calibration): [name: string, text: string][] {
  const { centre, disk, milliradians, scale, ellipse, descan, rotation, badPixels, stop } = calibration;
  const said = <T extends object>(part: T | Refused, text: (part: T) => string): string =>
    isKnown(part) ? text(part) : `refused: ${part.refused}`;
  const pixels = (runs: PixelRuns): number => runs.reduce((sum, [, first, end]) => sum + end - first, 0);
  const { hot, dead, gap, invalid } = badPixels;
  return [
    ['centre', said(centre, ({ cy, cx, errors: [ey, ex] }) => `y ${within(cy, ey)}, x ${within(cx, ex)} pixels`)],
    ['radius', said(disk, ({ radius, error, edge }) => `${within(radius, error)} pixels, edge ${edge.toFixed(2)}`)],
    ...(milliradians
      ? [
          ['scale', said(milliradians, ({ value, error }) => `${within(value, error)} mrad a pixel`)] as [
            string,
            string,
          ],
        ]
      : []),
    ...(scale
      ? [['pixel', said(scale, ({ value, error }) => `${within(value, error)} nm⁻¹`)] as [string, string]]
      : []),
    [
      'ellipse',
      said(ellipse, (one) => {
        const percent = `${within(100 * one.ellipticity, 200 * Math.max(...one.errors))} %`;
        if (!isDistorted(one)) return `none found (${percent})`;
        return `${percent}, longer at ${one.angle.toFixed(0)} degrees from x to y`;
      }),
    ],
    [
      'descan',
      said(descan, ({ order, span }) =>
        order === 0
          ? 'none found'
          : `${order === 1 ? 'a plane' : 'a parabola'}, ${span.toFixed(2)} pixels over the scan`,
      ),
    ],
    [
      'rotation',
      said(rotation, ({ scanRotation, error, flipY, halfTurn }) => {
        const turn = halfTurn === 'open' ? ', or half a turn more' : ' if fields point to atoms';
        return `${within(scanRotation, error)} degrees${turn}${flipY ? ', y of the detector inverted' : ''}`;
      }),
    ],
    [
      'pixels',
      `${hot.length} hot, ${dead.length} dead, ${pixels(gap)} in gaps, ${pixels(invalid)} not numbers, ` +
        `${pixels(stop)} behind a stop`,
    ],
  ];
}
