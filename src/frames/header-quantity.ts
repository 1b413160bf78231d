/** Numbers of text headers with their units: `0.25 m`, `75um x 75um`, `10_m`, `(243.5, 309.5) pixels`. */

import { badFile } from '../bytes/bad-file.js';
import type { ByteSource } from '../bytes/byte-source.js';
import type { EwaldError } from '../util/errors.js';
import { photonAeV } from '../util/photons.js';
import { type QuantityName, unitFactor } from '../util/units.js';

/** A header: its file, for messages, and its values by their keys. */
export interface HeaderValues {
  readonly source: Pick<ByteSource, 'name'>;
  readonly get: (key: string) => string | undefined;
}

type Kind = QuantityName | 'pixels';

/** The units that messages name, of which `unitFactor` knows more. */
const usual: Readonly<Record<Kind, string>> = {
  length: 'm, cm, mm, um, nm, A',
  energy: 'eV, keV, J',
  voltage: 'V, kV',
  angle: 'deg, rad, mrad',
  time: 's, ms, us, ns',
  pixels: 'pixels',
};

/** A number as it is written; a bare one has no unit. */
interface Given {
  readonly key: string;
  readonly text: string;
  readonly value: number;
  readonly unit: string | undefined;
}

const numberWithUnit = /([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)[\s_*()[\]]*([a-zµμåÅ°]+)?/gi;

/** All numbers of a value, none if it begins with a word, such as "not set". The unit of `75 x 75 um` is that of both. */
function givenOf({ get }: HeaderValues, key: string): Given[] {
  const text = fromUtf8(get(key) ?? '');
  if (!/^[\s(=[{'"]*[-+.\d]/.test(text)) return [];
  const found = [...text.matchAll(numberWithUnit)].map(([, number, word]) => ({
    ...{ key, text, value: Number(number) },
    unit: word?.toLowerCase() === 'x' ? undefined : word,
  }));
  const common = found.at(-1)?.unit;
  return found.map((one) => ({ ...one, unit: one.unit ?? common }));
}

/** Headers are read as Latin-1, but many writers have µ and Å in UTF-8. */
function fromUtf8(text: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
  } catch {
    return text;
  }
}

/** A number in the unit `to`, by default that of bare numbers, which stay exactly as they are. */
function inUnit(values: HeaderValues, given: Given, kinds: readonly [QuantityName, ...Kind[]], own: string, to = own) {
  const [kind] = kinds;
  const factor = unitFactor(kind, given.unit ?? own);
  if (factor === undefined) throw unknownUnit(values, given, kinds);
  const ratio = factor / (unitFactor(kind, to) as number);
  return ratio === 1 ? given.value : Number((given.value * ratio).toPrecision(15));
}

const unknownUnit = ({ source }: HeaderValues, { key, text, unit }: Given, kinds: readonly Kind[]): EwaldError =>
  badFile(
    source,
    `the header states ${key} as "${text.trim()}", and "${unit}" is no unit of it; expected ` +
      kinds.map((kind) => usual[kind]).join(', '),
    { key, unit },
  );

/** The numbers of the first of some keys that has any, in the unit that the format has for bare ones. Throws `Format`. */
export function headerNumbers(
  values: HeaderValues,
  kind: QuantityName,
  own: string,
  ...keys: readonly string[]
): readonly number[] {
  const given = keys.map((key) => givenOf(values, key)).find(({ length }) => length > 0) ?? [];
  return given.map((one) => inUnit(values, one, [kind], own));
}

/** The first number of the first of some keys that has one; see {@link headerNumbers}. */
export const headerQuantity = (
  values: HeaderValues,
  kind: QuantityName,
  own: string,
  ...keys: readonly string[]
): number | undefined => headerNumbers(values, kind, own, ...keys)[0];

/** Keys of photon energies, whose bare numbers have no unit that could be relied on. */
const energies = ['Energy', 'Photon_energy', 'PhotonEnergy', 'Beam_energy', 'Incident_energy', 'X_ray_energy'];

/** The wavelength in Å, which a header states in the unit `own` or another one, or as a photon energy. Throws `Format`. */
export function headerWavelength(values: HeaderValues, own: string, ...keys: readonly string[]): number | undefined {
  const names = [...keys, ...energies, ...energies.map((key) => key.toUpperCase())];
  for (const given of names.flatMap((key) => givenOf(values, key).slice(0, 1))) {
    const { key, value, unit } = given;
    const isEnergy = !keys.includes(key);
    if (!(value > 0) || (isEnergy && unit === undefined)) continue;
    const energy = unit === undefined ? undefined : unitFactor('energy', unit);
    if (energy !== undefined) return photonAeV / (value * energy);
    if (isEnergy) throw unknownUnit(values, given, ['energy']);
    return inUnit(values, given, ['length', 'energy'], own, 'A');
  }
  return undefined;
}

/**
 * A place on the detector in pixels, of a key that has both numbers or of two, x first; lengths are divided by those of
 * a pixel, without which they say nothing. Throws `Format`.
 */
export function headerPlace(
  values: HeaderValues,
  pixelM: { readonly x: number; readonly y: number } | undefined,
  ...keys: readonly [both: string] | readonly [x: string, y: string]
): { readonly x: number; readonly y: number } | undefined {
  const [first, second] = keys;
  const [one, other] = second === undefined ? givenOf(values, first) : keys.map((key) => givenOf(values, key)[0]);
  const along = (given: Given | undefined, axis: 'x' | 'y'): number | undefined => {
    if (!given || given.unit === undefined || /^(pixels?|px|pix)$/i.test(given.unit)) return given?.value;
    const metres = inUnit(values, given, ['length', 'pixels'], 'm');
    return pixelM && metres / pixelM[axis];
  };
  const [x, y] = [along(one, 'x'), along(other, 'y')];
  return x === undefined || y === undefined ? undefined : { x, y };
}

/** Whether the number of a key has a unit. */
export const statesUnit = (values: HeaderValues, key: string): boolean => givenOf(values, key)[0]?.unit !== undefined;
