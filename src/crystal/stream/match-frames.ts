/**
 * Finds the same frames in two streams: by the names of their files and their events, as CrystFEL names frames. Streams
 * may name one frame differently: its file in another folder, the frame by number, by the name of a group or not at all.
 * Then frames are matched by what is left of their names, or by serial numbers, where that is unambiguous.
 */
import { counted } from '../../util/amounts.js';
import { EwaldError } from '../../util/errors.js';
import type { StreamChunk } from './stream.js';

/** What names a frame in a stream. */
type NamedFrame = Pick<StreamChunk, 'filename' | 'event' | 'serial'>;

/** Which frames are the same. */
export interface MatchedFrames {
  /** For each frame of the first stream, the place of the same one in the second; undefined if there is none. */
  readonly places: readonly (number | undefined)[];
  /** What else than names of files and events told which frames are the same, and what could not be matched. */
  readonly remarks: readonly string[];
}

/** The last part of the name of a file. */
export const baseOf = (file: string): string => endOf(file, 1);
const endOf = (file: string, parts: number): string => file.split('/').slice(-parts).join('/');

/** A frame as messages name it. */
export const frameText = ({ filename, event }: Pick<NamedFrame, 'filename' | 'event'>): string =>
  event === undefined ? filename : `${filename} ${event}`;

/** The number in an event `//3`; undefined for the name of a group, such as `tag-1//`. */
export function eventNumber(event: string | undefined): number | undefined {
  const [, digits] = /^\/\/(\d+)$/.exec(event ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Frames of one file, and their places in the stream. */
type FileFrames = readonly (readonly [place: number, frame: NamedFrame])[];
type Pairs = readonly (readonly [place: number, same: number])[];

/** The frames of a stream by the names of their files. */
function byFile(frames: readonly NamedFrame[]): Map<string, FileFrames> {
  const found = new Map<string, [number, NamedFrame][]>();
  for (const [place, frame] of frames.entries()) {
    const file = found.get(frame.filename);
    if (file) file.push([place, frame]);
    else found.set(frame.filename, [[place, frame]]);
  }
  return found;
}

/** Places by event; a frame without one is `//0` of its file, the only frame. The first of repeated frames counts. */
function byEvent(file: FileFrames): Map<string, number> {
  const found = new Map<string, number>();
  const isAlone = file.filter(([, { event }]) => event === undefined).length === 1;
  for (const [place, frame] of file) {
    const event = frame.event ?? (isAlone ? '//0' : undefined);
    if (event !== undefined && !found.has(event)) found.set(event, place);
  }
  return found;
}

function sameEvents(own: FileFrames, other: FileFrames): Pairs {
  const theirs = byEvent(other);
  return [...byEvent(own)].flatMap(([event, place]) => {
    const same = theirs.get(event);
    return same === undefined ? [] : [[place, same] as const];
  });
}

const kindOf = (event: string | undefined): 'none' | 'number' | 'name' =>
  event === undefined ? 'none' : eventNumber(event) === undefined ? 'name' : 'number';

/** Whether events are the numbers of all frames of a file from the first one on, in the order of their serial numbers. */
function isCounted(file: FileFrames): boolean {
  const first = file.reduce((least, [, { serial }]) => Math.min(least, serial), Number.POSITIVE_INFINITY);
  return file.every(([, { event, serial }]) => kindOf(event) !== 'number' || eventNumber(event) === serial - first);
}

/**
 * The frames with the same serial number, of files whose events name frames in different ways; none unless both have the
 * same serial numbers, each once, and count from their first frame as far as they have numbers.
 */
function sameSerials(own: FileFrames, other: FileFrames): Pairs {
  const kinds = new Set(own.map(([, { event }]) => kindOf(event)));
  const isAlike = other.some(([, { event }]) => event !== undefined && kinds.has(kindOf(event)));
  const theirs = new Map(other.map(([place, { serial }]) => [serial, place]));
  const serials = new Set(own.map(([, { serial }]) => serial));
  const isOnce = serials.size === own.length && theirs.size === other.length && serials.size === theirs.size;
  if (isAlike || !isOnce || !isCounted(own) || !isCounted(other)) return [];
  const pairs = own.flatMap(([place, { serial }]) => {
    const same = theirs.get(serial);
    return same === undefined ? [] : [[place, same] as const];
  });
  return pairs.length === own.length ? pairs : [];
}

/** A remark on frames that are in a stream more than once. */
function repeatedRemark(frames: readonly NamedFrame[]): string[] {
  const seen = new Set<string>();
  const again = frames.filter((frame) => frame.event !== undefined && seen.size === seen.add(frameText(frame)).size);
  const [first] = again;
  return first
    ? [`${counted(again.length, 'frame')} repeated in one stream; the first of each is compared: ${frameText(first)}`]
    : [];
}

/** Names by a part of them. */
function grouped(names: readonly string[], keyOf: (name: string) => string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of names) {
    const key = keyOf(name);
    const group = found.get(key);
    if (group) group.push(name);
    else found.set(key, [name]);
  }
  return found;
}

/** Files that are the same by the ends of their names, and those for which several could be meant. */
interface PairedFiles {
  readonly pairs: readonly (readonly [string, string])[];
  readonly unclear: readonly string[];
}

/**
 * Pairs names by as many of their last parts as tell them apart: `a/run.h5` is `/data/a/run.h5`, also beside
 * `/data/b/run.h5`.
 */
function pairByEnds(own: readonly string[], others: readonly string[]): PairedFiles {
  const pairs: (readonly [string, string])[] = [];
  const unclear: string[] = [];
  let [left, right] = [own, others];
  for (let parts = 1; left.length > 0 && right.length > 0; parts++) {
    const isLonger = (name: string): boolean => name.split('/').length > parts;
    const theirs = grouped(right, (name) => endOf(name, parts));
    const mine = grouped(left, (name) => endOf(name, parts));
    const [later, othersLater]: [string[], string[]] = [[], []];
    for (const [end, names] of mine) {
      const same = theirs.get(end) ?? [];
      const [name, other] = [names[0], same[0]];
      if (name !== undefined && other !== undefined && names.length === 1 && same.length === 1) {
        pairs.push([name, other]);
        continue;
      }
      const [longer, othersLonger] = [names.filter(isLonger), same.filter(isLonger)];
      const ends = new Set(othersLonger.map((name) => endOf(name, parts + 1)));
      // Longer ends that no other name has cannot tell which file is meant.
      const distinct = longer.filter((name) => ends.has(endOf(name, parts + 1)));
      if (same.length > 0) unclear.push(...names.filter((name) => !distinct.includes(name)));
      later.push(...distinct);
      othersLater.push(...othersLonger);
    }
    [left, right] = [later, othersLater];
  }
  return { pairs, unclear };
}

/** Finds the frames of one stream in another. Throws `Argument` if several files could be meant by the name of each. */
export function matchFrames(own: readonly NamedFrame[], others: readonly NamedFrame[]): MatchedFrames {
  const [mine, theirs] = [byFile(own), byFile(others)];
  const alone = (files: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): string[] =>
    [...files.keys()].filter((name) => !other.has(name));
  const [left, right] = [alone(mine, theirs), alone(theirs, mine)];
  const { pairs, unclear } = pairByEnds(left, right);
  const [one] = unclear;
  if (one !== undefined && unclear.length === mine.size) {
    const alike = [...left, ...right].filter((name) => name !== one && baseOf(name) === baseOf(one));
    throw new EwaldError(
      'Argument',
      `the streams share no file name, and without folders ${[one, ...alike].slice(0, 3).join(' and ')} are the same: ` +
        'frames cannot be matched',
    );
  }
  const places: (number | undefined)[] = new Array(own.length).fill(undefined);
  const remarks = [...repeatedRemark(own), ...repeatedRemark(others)];
  const [counts, examples] = [new Map<string, number>(), new Map<string, string>()];
  const same = [...mine.keys()].filter((name) => theirs.has(name)).map((name) => [name, name] as const);
  for (const [name, other] of [...same, ...pairs]) {
    const [file = [], otherFile = []] = [mine.get(name), theirs.get(other)];
    const named = sameEvents(file, otherFile);
    const found = named.length > 0 ? named : sameSerials(file, otherFile);
    for (const [place, there] of found) places[place] = there;
    if (named.length > 0) continue;
    const how = found.length > 0 ? 'named differently are matched by serial number' : 'cannot be matched by event';
    const [place = file[0]?.[0] ?? 0, there = otherFile[0]?.[0] ?? 0] = found[0] ?? [];
    counts.set(how, (counts.get(how) ?? 0) + file.length);
    if (!examples.has(how))
      examples.set(how, [own[place], others[there]].flatMap((frame) => (frame ? frameText(frame) : [])).join(' and '));
  }
  for (const [how, count] of counts) remarks.push(`${counted(count, 'frame')} ${how}: ${examples.get(how)}`);
  const [pair] = pairs;
  if (pair) remarks.push(`frames are matched by the last part of their names: ${pair.join(' and ')}`);
  if (one !== undefined)
    remarks.push(`${counted(unclear.length, 'file')} cannot be matched, for several have the same name: ${one}`);
  return { places, remarks };
}

/**
 * Finds the frames of a stream among those of a simulation, which are numbered in one file: by their events if they are of
 * one file, or of the one that `file` names, otherwise by serial numbers if the stream has every frame of the simulation.
 */
export function matchTruth(own: readonly NamedFrame[], frames: number, file: string | undefined): MatchedFrames {
  const files = byFile(own);
  const [only, second] = [...files].filter(
    ([name]) => files.size === 1 || (file !== undefined && baseOf(name) === baseOf(file)),
  );
  const isOfOne = only !== undefined && second === undefined;
  // An event numbers the frames of its own file, which is not that of the simulation.
  const mine = isOfOne ? only[1] : own.map((frame, place) => [place, { ...frame, event: undefined }] as const);
  const truth = Array.from(
    { length: frames },
    (_, i) => [i, { filename: '', event: `//${i}`, serial: i + 1 }] as const,
  );
  const named = isOfOne ? sameEvents(mine, truth) : [];
  const pairs = named.length > 0 ? named : sameSerials(mine, truth);
  const places: (number | undefined)[] = new Array(own.length).fill(undefined);
  for (const [place, there] of pairs) places[place] = there;
  const remarks = repeatedRemark(own);
  const [first] = own;
  if (first && named.length === 0 && pairs.length > 0)
    remarks.push(`frames are matched with the truth by their serial numbers: ${frameText(first)} is ${first.serial}`);
  const [lost] = own.filter((_, place) => places[place] === undefined);
  if (lost)
    remarks.push(
      `${counted(places.filter((place) => place === undefined).length, 'frame')} of the stream cannot be matched with ` +
        `the truth, which numbers the frames of one file: ${frameText(lost)}`,
    );
  return { places, remarks };
}
