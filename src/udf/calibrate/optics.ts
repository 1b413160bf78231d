/** What frames do not state: voltage, semi-angle and step, as given or as the file has them; what contradicts it. */
import type { Axis, Metadata } from '../../io/data/dataset.js';
import { electronWavelengthA } from '../../io/data/units.js';
import type { Calibration } from './calibration.js';

type Optics = NonNullable<Calibration['optics']>;

/** Voltage in kV, semi-angle in mrad and step in nm: options first, then the file. */
export function opticsOf(
  { voltageV, convergenceRad, scanStepM, axes = [] }: Metadata,
  given: { readonly [name in keyof Optics]: number | undefined },
): Optics {
  const steps = scanStepM ? [scanStepM.y * 1e9, scanStepM.x * 1e9] : axes.slice(0, -2).map(nanometres);
  const [step] = steps;
  const file = {
    voltage: voltageV && voltageV / 1e3,
    semiconv: convergenceRad && convergenceRad * 1e3,
    // Steps that differ along both axes are no single one.
    dpix: steps.length === 2 && steps.every((one) => one !== undefined && one === step) ? step : undefined,
  };
  return Object.fromEntries(
    (['voltage', 'semiconv', 'dpix'] as const).flatMap((name) => {
      const value = given[name] ?? file[name];
      return value === undefined ? [] : [[name, { value, source: given[name] === undefined ? 'file' : 'given' }]];
    }),
  );
}

const lengths: Readonly<Record<string, number>> = { m: 1e9, µm: 1e3, um: 1e3, nm: 1, Å: 0.1, pm: 1e-3 };

/** The step of an axis in nm. */
function nanometres({ scale, unit = '' }: Axis): number | undefined {
  const factor = lengths[unit];
  return scale !== undefined && scale > 0 && factor !== undefined ? scale * factor : undefined;
}

/** Milliradians a pixel as an axis of the frames states them. */
export function milliradiansOf({ scale, unit = '' }: Axis, voltage: number | undefined): number | undefined {
  if (scale === undefined || !(scale > 0)) return undefined;
  if (unit === 'mrad') return scale;
  if (unit === 'rad') return scale * 1e3;
  const factor = lengths[/^1\/(.+)$/.exec(unit)?.[1] ?? ''];
  if (factor === undefined || voltage === undefined) return undefined;
  return 1e3 * Math.asin(Math.min(1, ((scale / factor) * electronWavelengthA(voltage * 1e3)) / 10));
}

/** Share by which a stated scale may differ from the one that was found. */
const mostDifference = 0.05;

/** Where the radius of the disk and the scale that the file states say different things, in words. */
export function contradictions(
  { axes = [] }: Metadata,
  { semiconv, voltage }: Optics,
  radius: number,
): readonly string[] {
  const stated = axes.slice(-2).map((axis) => milliradiansOf(axis, voltage?.value));
  const [one] = stated;
  if (one === undefined || semiconv === undefined) return [];
  const found = semiconv.value / radius;
  if (Math.abs(found / one - 1) < mostDifference) return [];
  return [
    `the file states ${Number(one.toPrecision(3))} mrad a pixel, and the radius of the disk is ` +
      `${Number((radius * one).toPrecision(3))} mrad by that, but the semi-angle is ${semiconv.value} mrad: one of ` +
      'them is wrong',
  ];
}
