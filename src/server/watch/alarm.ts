/** Alarms of a run: what they watch, how they are written, and when they begin and end. */

import { regionProblem } from '../../crystal/stream/regions.js';
import { argumentError } from '../../options/parameters.js';
import { type RunSample, ratesBetween } from '../../pipeline/rates.js';
import { inspect } from '../../util/options.js';
import { type Drift, fewestCrystals } from './detector-drift.js';

/** The units of numbers, and their sizes; the first is named in messages. */
const shares = { '%': 0.01 } as const;
const rates = { '/s': 1 } as const;
const times = { s: 1, min: 60, h: 3600 } as const;
const distances = { mm: 1e-3, um: 1e-6 } as const;
const sizes = { GB: 1e9, MB: 1e6, TB: 1e12 } as const;
const resolutions = { A: 1, Å: 1 } as const;
const plain = { '': 1 } as const;

/** What alarms watch: the unit of each quantity, and whether frames have to be searched for it. */
const quantities = {
  hits: { units: shares, isSearched: true },
  indexed: { units: shares, isSearched: true },
  rate: { units: rates, isSearched: false },
  lag: { units: times, isSearched: false },
  disk: { units: sizes, isSearched: false },
  memory: { units: sizes, isSearched: false },
  drift: { units: distances, isSearched: true },
  // What frames of a time usually have; of ice, the share of the frames.
  spots: { units: plain, isSearched: true },
  resolution: { units: resolutions, isSearched: true },
  background: { units: plain, isSearched: true },
  ice: { units: shares, isSearched: true },
  roi: { units: plain, isSearched: true },
} as const satisfies Record<string, { readonly units: Readonly<Record<string, number>>; readonly isSearched: boolean }>;
type Quantity = keyof typeof quantities;

/** Quantities of single frames. */
const ofFrames = ['spots', 'resolution', 'background', 'ice', 'roi'] as const satisfies readonly Quantity[];
const isOfFrames = (quantity: Quantity): quantity is (typeof ofFrames)[number] =>
  (ofFrames as readonly Quantity[]).includes(quantity);

/** An alarm, such as `hits<5% for 2min`. */
export interface Alarm {
  readonly text: string;
  readonly quantity: Quantity;
  /** The name of a number of single frames in `FrameValues`, whose middle it is; undefined for other quantities. */
  readonly value?: string | undefined;
  readonly isBelow: boolean;
  /** In the quantity's unit: a share of 1, frames per second, seconds, bytes, metres. */
  readonly level: number;
  /** The time over which the quantity is taken, s. */
  readonly seconds: number;
}

/** Shares of fewer frames are not judged: of 20 frames with a true share of 50 %, one in 50 000 has less than 5 %. */
const fewestFrames = 20;
/** A raised alarm ends when the quantity is better than the level by this share of it, and so does not flicker. */
const hysteresis = 0.1;
/** The longest time of an alarm, s. */
const longestS = 86_400;
const usualS = 60;

const written =
  /^(?<name>[a-z]+)(?::(?<region>[^\s<>]*))?\s*(?<sign>[<>])\s*(?<level>[^\s]+?)(?:\s+for\s+(?<time>[^\s]+))?$/;

/** A number with one of some units; undefined for any other text. */
function amount(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?|\.\d+)(.*)$/.exec(text) ?? [];
  const size = units[unit];
  return number === '' || size === undefined ? undefined : Number(number) * size;
}

/** What a run measures of each frame besides its peaks. */
interface RunMeasures {
  readonly regions?: readonly string[] | undefined;
  readonly hasProfile?: boolean | undefined;
}

const listed = (names: object): string => Object.keys(names).join(', ');

/**
 * An alarm from its text: a quantity (`hits`, `indexed`: % of the frames; `rate`: finished frames, /s; `lag`: s, min or
 * h; `disk`: MB, GB or TB left; `memory`: of this process; `drift` of the detector: mm, um), `<` or `>`, a number with
 * its unit, and the time over which it is taken, 1 s … 24 h, by default one minute. Medians of the frames of that time:
 * `spots` of hits, `resolution` (A) of indexed frames, `background`; the mean of the middle half of them:
 * `roi:NAME.FIELD` of a region; `ice`: % of the frames.
 * `regions` are the names of the run's regions; `hasProfile`: whether its frames have a profile. Throws `Argument`.
 */
export function parseAlarm(
  text: string,
  what = '',
  isSearched = true,
  { regions = [], hasProfile = true }: RunMeasures = {},
): Alarm {
  const refuse = (found: string): never => {
    throw argumentError(
      what,
      (said) =>
        `${said('alarm')} is ${inspect(text)}: ${found}; an alarm reads like "hits<5% for 2min", "lag>30s" or ` +
        '"disk<50GB"',
    );
  };
  const { name = '', region, sign, level: number = '', time } = written.exec(String(text).trim())?.groups ?? {};
  if (sign === undefined) return refuse('expected a quantity, < or >, a number with its unit, and "for" a time');
  if (!Object.hasOwn(quantities, name)) return refuse(`"${name}" is not one of ${listed(quantities)}`);
  const quantity = name as Quantity;
  if (quantity !== 'roi' && region !== undefined)
    return refuse(`${quantity} has no ":${region}"; only roi:NAME.FIELD has a name`);
  const problem = quantity === 'roi' ? regionProblem(region, regions) : undefined;
  if (problem !== undefined) return refuse(problem);
  const { units, isSearched: needsSearch } = quantities[quantity];
  if (needsSearch && !isSearched) return refuse(`${name} are of ewald index, and this run searches for no peaks`);
  if ((quantity === 'background' || quantity === 'ice') && !hasProfile)
    return refuse(
      `${name} is of the radial profile, which this run does not measure; add --radial-profile (in JavaScript: profile)`,
    );
  const level = amount(number, units);
  if (level === undefined)
    return refuse(
      `"${number}" is no number ${units === plain ? 'without a unit' : `with a unit of ${name} (${listed(units)})`}`,
    );
  if (units === shares && level > 1) return refuse(`${name} are at most 100%`);
  const seconds = time === undefined ? usualS : amount(time, times);
  if (seconds === undefined || seconds < 1 || seconds > longestS)
    return refuse(`"${time}" is no time from 1s to 24h, with ${listed(times)}`);
  const value = isOfFrames(quantity) && { value: region === undefined ? name : `roi:${region}` };
  return { text: text.trim(), quantity, ...value, isBelow: sign === '<', level, seconds };
}

/**
 * The quantity of an alarm over its time, from the samples of a run up to now: shares and the rate are those of the
 * frames that were finished in it; of lag, disk and memory, it is the best sample. Undefined while the samples do not
 * reach back so far, for shares of fewer than 20 frames, and for a drift that too few crystals show (`unseenText`).
 */
export function alarmValue(
  alarm: Alarm,
  samples: readonly RunSample[],
  drift?: Drift | undefined,
  recent?: RecentFrames | undefined,
): number | undefined {
  const { quantity, isBelow, seconds } = alarm;
  if (isOfFrames(quantity)) return recent?.isWhole && recent.frames >= fewestFrames ? recent.usual : undefined;
  if (quantity === 'drift') return drift && (unseenText(alarm, drift) === undefined ? drift.byM : undefined);
  const now = samples.at(-1);
  if (!now) return undefined;
  const from = samples.findLastIndex(({ s }) => s <= now.s - seconds);
  const before = samples[from];
  if (!before) return undefined;
  if (quantity === 'lag' || quantity === 'disk' || quantity === 'memory') {
    const of = { lag: 'lagS', disk: 'diskBytes', memory: 'memoryBytes' } as const;
    const all = samples.slice(from).map((sample) => sample[of[quantity]]);
    if (all.some((one) => one === undefined)) return undefined;
    const best = isBelow ? Math.max : Math.min;
    return (all as number[]).reduce((found, one) => best(found, one));
  }
  // The time before the first frame is spent on waiting and on preparations.
  if (before.frames === 0) return undefined;
  const between = ratesBetween(before, now);
  return quantity === 'rate' || between.frames >= fewestFrames ? between[quantity] : undefined;
}

/** What a number of the frames of an alarm's time usually is (`middleOfFrames`). */
export interface RecentFrames {
  readonly usual: number | undefined;
  /** Frames that have the number. */
  readonly frames: number;
  /** Whether they reach back as far as the alarm. */
  readonly isWhole: boolean;
}

/** Why an alarm of single frames is not judged; undefined if it is. */
export function tooFewText({ text, quantity }: Alarm, { frames }: RecentFrames): string | undefined {
  if (frames >= fewestFrames) return undefined;
  if (frames === 0 && (quantity === 'ice' || quantity === 'background'))
    return `${text} is not judged: ${quantity} is not measured in the profile of any frame of that time`;
  return `${text} is not judged: ${frames} frames of that time have such a value, and ${fewestFrames} are needed`;
}

/** Why the crystals do not tell whether the detector has moved as far as an alarm says; undefined if they do. */
export function unseenText({ text, level }: Alarm, { crystals, errorM }: Drift): string | undefined {
  const why =
    errorM === undefined
      ? `${crystals} crystals of that time tell where the detector is, and ${fewestCrystals} are needed, as at the ` +
        'beginning'
      : `its ${crystals} crystals tell it within ${(1000 * errorM).toFixed(3)} mm only`;
  const isSeen = errorM !== undefined && errorM < level / 4;
  return isSeen ? undefined : `${text} is not judged: ${why}`;
}

/** Whether an alarm is raised; where the quantity is not known, it stays as it was. */
export function isRaised({ isBelow, level }: Alarm, value: number | undefined, was: boolean): boolean {
  if (value === undefined) return was;
  const limit = was ? level * (isBelow ? 1 + hysteresis : 1 - hysteresis) : level;
  return isBelow ? value < limit : value > limit;
}

/** A quantity of an alarm in words. */
export function alarmText({ quantity, value: name, text }: Alarm, value: number | undefined): string {
  if (value === undefined) return text;
  const words = {
    hits: `${(100 * value).toFixed(1)} % hits`,
    indexed: `${(100 * value).toFixed(1)} % indexed`,
    rate: `${value.toFixed(1)} frames/s`,
    lag: `${value.toFixed(0)} s behind`,
    disk: `${(value / 1e9).toFixed(2)} GB left`,
    memory: `${(value / 1e9).toFixed(2)} GB in use`,
    drift: `the detector has moved by ${(1000 * value).toFixed(3)} mm`,
    spots: `a hit has ${value} spots`,
    resolution: `the crystals reach ${value.toFixed(2)} Å`,
    background: `the background is ${value.toPrecision(4)}`,
    ice: `${(100 * value).toFixed(1)} % of the frames have ice`,
    roi: `${name} is ${Number(value.toPrecision(5))}`,
  }[quantity];
  return `${text}: ${words}`;
}
