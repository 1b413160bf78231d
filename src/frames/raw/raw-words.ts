/**
 * Words of a JUNGFRAU to quarter photons: bits 15 and 14 of a word are the gain stage (0, 1, 3 for G0, G1, G2), the
 * others its ADC. With the constants of its stage a pixel is a difference and a product, which the core computes
 * (cpp/frames/isa/words.cpp).
 */
import type { StageConstants, WordConverter } from '../../bytes/codecs/codecs.js';
import { EwaldError } from '../../util/errors.js';
import { upperMedian } from '../../util/median.js';

/** value = (ADC − pedestal) · factor, by stage and pixel; pedestals are NaN in all stages for a bad pixel. */
export interface WordTables extends StageConstants {
  /** Pixels that are never used: 1 is bad. */
  readonly bad: Uint8Array;
  readonly energyEv: number;
}

/** The smallest value that a pixel can have; one without a count has −32768. */
export const smallest = -32767;
/** The largest value stands for all that are as large, and for pixels whose ADC has come to its end. */
export const overload = 32767;
/** Values for one photon. */
export const perPhoton = 4;

const adcBits = 0x3fff;

/** Stages by the two bits of their code; the third code does not exist. */
const stageOfCode = [0, 1, -1, 2] as const;

/**
 * Converts the words of one frame into quarter photons. Throws `Format` for a code that no JUNGFRAU writes and for one
 * of which there are no constants; `where` names the frame.
 */
export function convertWords(words: Uint16Array, converter: WordConverter, out: Int16Array, where: string): void {
  const bad = converter.convert(words, out);
  if (bad < words.length) throw badCode((words[bad] as number) >> 14, bad, where);
}

function badCode(code: number, pixel: number, where: string): EwaldError {
  const text = code.toString(2).padStart(2, '0');
  return new EwaldError(
    'Format',
    code === 2
      ? `${where}: pixel ${pixel} has the gain code 10, which no JUNGFRAU writes: these are no raw words, or they are damaged`
      : `${where}: pixel ${pixel} has the gain code ${text}, but the constants have no stage ${code === 1 ? 'G1' : 'G2'} ` +
          '(it is absent, or its pedestal is 0 everywhere); give the constants of all stages',
  );
}

/** Photon energies, in eV, of the light that a pixel has before it leaves G0 (28 photons of 9.5 keV), at the least. */
const switchedEv = 50_000;
/** Of large frames every pixel of this many is looked at; a prime number, so that all columns are. */
const sampledEach = 1021;
/** Pixels of which all are looked at. */
const smallFrame = 2 ** 18;

/** What some of the pixels of a frame tell of its constants. */
export interface WordSample {
  /** Share of pixels that have left G0 without the light for it. */
  readonly switched: number;
  /** Share of pixels in G0 below −0.3 photons. */
  readonly negative: number;
  /** Median of pixels without light, in photons; undefined where too few have none. */
  readonly unlit: number | undefined;
}

/** Looks at some of the pixels of a frame. */
export function sampleWords(words: Uint16Array, { pedestals, factors, energyEv }: WordTables): WordSample {
  const dark = (switchedEv / energyEv) * perPhoton;
  const n = words.length;
  const unlit: number[] = [];
  let [good, low, switched, negative] = [0, 0, 0, 0];
  for (let i = 0; i < n; i += n < smallFrame ? 1 : sampledEach) {
    const word = words[i] as number;
    const code = word >> 14;
    const at = i + Math.max(0, stageOfCode[code] as number) * n;
    const value = ((word & adcBits) - (pedestals[at] as number)) * (factors[at] as number);
    if (Number.isNaN(value)) continue;
    good++;
    if (code !== 0) {
      if (Math.abs(value) < dark) switched++;
      continue;
    }
    low++;
    if (value < -0.3 * perPhoton) negative++;
    if (Math.abs(value) < 0.5 * perPhoton) unlit.push(value / perPhoton);
  }
  return {
    switched: good === 0 ? 0 : switched / good,
    negative: low === 0 ? 0 : negative / low,
    unlit: unlit.length > 0.2 * good ? upperMedian(unlit) : undefined,
  };
}

/** Share of pixels without light that may leave G0. */
const mostSwitched = 0.01;
/** Photons by which pixels without light may be off. */
const mostShifted = 0.2;
const mostNegative = 0.6;

/** Throws `Format` for a frame that was not recorded with these constants. */
export function refuseSample({ switched, negative, unlit }: WordSample, where: string): void {
  if (switched > mostSwitched)
    throw new EwaldError(
      'Format',
      `${where}: ${percent(switched)} of the pixels are in G1 or G2 without the light for it; the gain was forced, or the ` +
        'constants are not those of this run',
    );
  if (negative > mostNegative || Math.abs(unlit ?? 0) > mostShifted)
    throw new EwaldError(
      'Format',
      `${where}: ${
        negative > mostNegative
          ? `${percent(negative)} of the pixels are negative`
          : `pixels without light have ${unlit?.toFixed(2)} photons`
      }; the pedestal is that of another run, or the photon energy is wrong`,
    );
}

const percent = (share: number): string => `${(100 * share).toPrecision(2)} %`;
