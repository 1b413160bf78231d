/** What frames do not state: voltage, semi-angle and step, as given or as the file has them; what contradicts it. */

import type { Axis, Metadata } from '../../frames/dataset.js';
import { electronWavelengthA } from '../../frames/units.js';
import { inspect } from '../../util/options.js';
import { wordTable } from '../../util/word-table.js';
import { type Calibration, isKnown } from './calibration.js';

type Optics = NonNullable<Calibration['optics']>;

/** What a file states, in kV, mrad and nm. */
export function statedBy({ voltageV, convergenceRad, scanStepM, axes = [] }: Metadata) {
  const steps = scanStepM ? [scanStepM.y * 1e9, scanStepM.x * 1e9] : axes.slice(0, -2).map(nanometres);
  const [step] = steps;
  return {
    voltage: voltageV && voltageV / 1e3,
    semiconv: convergenceRad && convergenceRad * 1e3,
    // Steps that differ along both axes are no single one.
    dpix: steps.length === 2 && steps.every((one) => one !== undefined && one === step) ? step : undefined,
  };
}

/** Voltage in kV, semi-angle in mrad and step in nm: options first, then the file. */
export function opticsOf(meta: Metadata, given: { readonly [name in keyof Optics]: number | undefined }): Optics {
  const file = statedBy(meta);
  return Object.fromEntries(
    (['voltage', 'semiconv', 'dpix'] as const).flatMap((name) => {
      const value = given[name] ?? file[name];
      return value === undefined ? [] : [[name, { value, source: given[name] === undefined ? 'file' : 'given' }]];
    }),
  );
}

const lengths = wordTable<number>({ m: 1e9, mm: 1e6, µm: 1e3, um: 1e3, nm: 1, Å: 0.1, pm: 1e-3 });

const angles = wordTable<number>({
  mrad: 1,
  rad: 1e3,
  '°': Math.PI / 0.18,
  deg: Math.PI / 0.18,
  degrees: Math.PI / 0.18,
});

/** The size of the steps of an axis, whose values may fall; undefined if it states none. */
const stepOf = ({ scale = 0 }: Axis): number | undefined =>
  Number.isFinite(scale) && scale !== 0 ? Math.abs(scale) : undefined;

/** The step of an axis in nm. */
function nanometres(axis: Axis): number | undefined {
  const [step, factor] = [stepOf(axis), lengths[axis.unit ?? '']];
  return step !== undefined && factor !== undefined ? step * factor : undefined;
}

/** Milliradians a pixel as an axis of the frames states them. */
export function milliradiansOf(axis: Axis, voltage: number | undefined): number | undefined {
  const [step, { unit = '' }] = [stepOf(axis), axis];
  if (step === undefined) return undefined;
  if (Object.hasOwn(angles, unit)) return step * (angles[unit] as number);
  const factor = lengths[inverted(unit)];
  if (factor === undefined || voltage === undefined) return undefined;
  return 1e3 * Math.asin(Math.min(1, ((step / factor) * electronWavelengthA(voltage * 1e3)) / 10));
}

const inverted = (unit: string): string => /^1\/(.+)$/.exec(unit)?.[1] ?? '';

/** Units of axes that count, or of which nothing here is in need. */
const counting = /^(px|pix|pixels?|frames?|points?|index|channels?|m?s|sec(onds?)?|a\.?\s?u\.?|arb\b.*|counts?)$/i;

/** Scales of a file in units that are not known here: nothing is compared with them, or takes them. */
function* unknownUnits({ axes = [] }: Metadata): Generator<string> {
  const told = new Set<string>();
  for (const [i, axis] of axes.entries()) {
    const [step, { unit = '' }] = [stepOf(axis), axis];
    const isScan = i < axes.length - 2;
    const isKnownUnit =
      Object.hasOwn(lengths, isScan ? unit : inverted(unit)) || (!isScan && Object.hasOwn(angles, unit));
    if (step === undefined || unit === '' || counting.test(unit) || isKnownUnit) continue;
    const text =
      `the file states steps of ${short(step)} ${inspect(unit)} along ${isScan ? 'the scan' : 'the detector'}, a unit that ` +
      `is not known for ${isScan ? 'lengths' : 'angles or inverse lengths'}: they are not used`;
    if (!told.has(text)) yield text;
    told.add(text);
  }
}

/** Share by which a stated number may differ from the one that was found or given. */
const maxDifference = 0.05;

const short = (value: number): string => String(Number(value.toPrecision(3)));

/** What the frames say of the beam and of the axes of the scan. */
interface Seen {
  readonly radius: number;
  readonly cy: number;
  readonly cx: number;
  readonly rotation: Calibration['rotation'];
}

/** Where the file and the frames or the options say different things, in words. */
export function contradictions(meta: Metadata, optics: Optics, seen: Seen): readonly string[] {
  return [
    ...unusual(optics),
    ...unknownUnits(meta),
    ...otherOptics(meta, optics),
    ...otherScale(meta, optics, seen),
    ...otherAxes(meta, seen),
  ];
}

/** Numbers that no microscope has; they are usually of another unit. */
export function* unusual(optics: Optics): Generator<string> {
  for (const [name, what, unit, low, high] of [
    ['voltage', 'voltage', 'kV', 1, 3000],
    ['semiconv', 'semi-angle', 'mrad', 0.1, 300],
  ] as const) {
    const { value } = optics[name] ?? {};
    if (value !== undefined && !(value >= low && value <= high))
      yield `the ${what} is ${value} ${unit}, and those of microscopes are ${low} to ${high}: it may be in another unit`;
  }
}

/** What was given, and is another number in the file. */
function* otherOptics(meta: Metadata, optics: Optics): Generator<string> {
  const file = statedBy(meta);
  for (const [name, what, unit] of [
    ['voltage', 'voltage', 'kV'],
    ['semiconv', 'semi-angle', 'mrad'],
    ['dpix', 'step of the scan', 'nm'],
  ] as const) {
    const [one, stated] = [optics[name], file[name]];
    if (one?.source !== 'given' || !stated || Math.abs(one.value / stated - 1) < maxDifference) continue;
    yield `the ${what} is given as ${one.value} ${unit}, and the file states ${short(stated)} ${unit}`;
  }
  const [axis] = (meta.axes ?? []).slice(0, -2).map(nanometres);
  const step = meta.scanStepM && meta.scanStepM.y * 1e9;
  if (axis && step && Math.abs(axis / step - 1) >= maxDifference)
    yield `the file states two steps of the scan: ${short(step)} nm, and ${short(axis)} nm as that of its axes`;
}

/** The radius of the disk by the scale that the file states. */
function* otherScale({ axes = [] }: Metadata, { semiconv, voltage }: Optics, { radius }: Seen): Generator<string> {
  const [one] = axes.slice(-2).map((axis) => milliradiansOf(axis, voltage?.value));
  if (one === undefined || semiconv === undefined) return;
  if (Math.abs(semiconv.value / radius / one - 1) < maxDifference) return;
  yield `the file states ${short(one)} mrad a pixel, and the radius of the disk is ${short(radius * one)} mrad by ` +
    `that, but the semi-angle is ${semiconv.value} mrad: one of them is wrong`;
}

/** Centre, angle and hand. The angle that a microscope states is not that of the detector, and is not compared. */
function* otherAxes({ beamCentrePx, detectorAxes }: Metadata, { radius, cy, cx, rotation }: Seen): Generator<string> {
  if (beamCentrePx) {
    const [y, x] = [beamCentrePx.y - 0.5, beamCentrePx.x - 0.5];
    if (Math.hypot(y - cy, x - cx) > Math.max(1, maxDifference * radius))
      yield `the file states a centre at y ${y.toFixed(1)}, x ${x.toFixed(1)}, and the disk is at y ` +
        `${cy.toFixed(1)}, x ${cx.toFixed(1)}`;
  }
  if (!detectorAxes || !isKnown(rotation)) return;
  const { scanRotation, flipY, error, halfTurn } = rotation;
  if (flipY !== detectorAxes.flipY) {
    yield `the file states that the scan is ${flipY ? 'not ' : ''}mirrored on the detector, and the frames show ` +
      `that it is${flipY ? '' : ' not'}`;
    return;
  }
  if (detectorAxes.degrees === undefined) return;
  const off = scanRotation - detectorAxes.degrees;
  const isOff = (turn: number): boolean => Math.abs(off - turn * Math.round(off / turn)) > 2 + 4 * error;
  if (!isOff(180)) {
    if (halfTurn !== 'open' && isOff(360))
      yield `the file states a scan rotation of ${detectorAxes.degrees.toFixed(1)} degrees, half a turn from ` +
        `${scanRotation.toFixed(1)}, with which fields point to atoms: it is right where the object is one of dips`;
  } else
    yield `the file states a scan rotation of ${detectorAxes.degrees.toFixed(1)} degrees, and the frames show ` +
      `${scanRotation.toFixed(1)} ± ${error.toFixed(1)}`;
}
