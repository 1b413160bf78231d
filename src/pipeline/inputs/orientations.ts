/**
 * Crystals whose orientations are known: those of a stream, CrystFEL's or ours, or of a list of orientations (.sol), by
 * file and event. They take the place of a search for lattices.
 */

import { anglesOf, type Cell, cellFrom, cellFromParameters, flat, lengthsOf, reciprocal } from '../../crystal/cell.js';
import { type KnownCell, readCell } from '../../crystal/cell-file.js';
import { type Centring, centrings } from '../../crystal/centring.js';
import { readStream } from '../../crystal/stream/read.js';
import { marks, type StreamCrystal } from '../../crystal/stream/stream.js';
import { shownParameters } from '../../crystal/symmetry/oriented.js';
import { counted } from '../../util/amounts.js';
import { decimal } from '../../util/decimal.js';
import { EwaldError } from '../../util/errors.js';
import { median } from '../../util/median.js';
import { type FrameCrystals, keyOf, RunOrientations } from '../sources/known-orientations.js';
import type { OrientedCrystal } from '../stages/oriented.js';
import type { FileInput, RunPlace } from './place.js';
import { nameOfInput } from './place-inputs.js';

/** A crystal of a file of orientations, before it is known to which cell of the run it belongs. */
interface ListedCrystal extends Omit<OrientedCrystal, 'inputCell'> {
  readonly filename: string;
  readonly event: string;
  readonly centring: Centring | undefined;
}

/** What a file of orientations says. */
interface ListedOrientations {
  readonly name: string;
  readonly crystals: readonly ListedCrystal[];
  /** Names and events of the frames that the file has, with crystals or without; undefined if it has those with crystals alone. */
  readonly frames: ReadonlySet<string> | undefined;
  /** The target cell that the file states. */
  readonly cell: KnownCell | undefined;
  /** Crystals that state a shift of the detector. */
  readonly shifted: number;
}

/** Largest relative difference of an edge, and of an angle in degrees, between a crystal and its known cell. */
const [mostLength, mostAngle] = [0.05, 5];

/** Orientations that are read, the cells to which they belong, and what to say of them. */
interface ReadOrientations {
  readonly orientations: RunOrientations;
  readonly cells: readonly KnownCell[];
  readonly warnings: readonly string[];
}

/** The run for which orientations are read. */
interface OrientationsOfRun {
  readonly cells: readonly KnownCell[] | undefined;
  /** Whether crystals are kept as they are. */
  readonly isKept: boolean;
  /** The names of its files, if they are known beforehand. */
  readonly inputs: readonly string[];
}

/**
 * Reads orientations, and finds the cell of each: one of `cells`, or the one that the file states. Throws `Format`,
 * `Mismatch` for crystals of another cell.
 */
export async function readOrientations(
  input: FileInput,
  place: RunPlace,
  { cells, isKept, inputs }: OrientationsOfRun,
): Promise<ReadOrientations> {
  const name = nameOfInput(input, 'the orientations');
  const { head } = await place.headOf(input, 64);
  const isStream = new TextDecoder().decode(head).startsWith(marks.format);
  const listed = isStream ? await ofStream(place.linesOf(input), name) : await ofSolutions(place.linesOf(input), name);
  const [first] = listed.crystals;
  if (!first) throw new EwaldError('Format', `${name} has no crystals, so that there is nothing to integrate again`);
  const known = cells ?? [listed.cell ?? statedBy(listed.crystals)];
  const warnings: string[] = [];
  const crystals = listed.crystals.flatMap((crystal): FrameCrystals[] => {
    const inputCell = known.findIndex(({ cell }) => isAlike(crystal.cell, cell));
    if (inputCell < 0) return [];
    const { filename, event, centring: _, ...own } = crystal;
    return [{ filename, event, crystal: { ...own, inputCell } }];
  });
  const others = listed.crystals.length - crystals.length;
  if (others > crystals.length) throw ofAnotherCell(name, listed.crystals, known);
  if (others > 0)
    warnings.push(
      `${counted(others, 'crystal')} of ${name} ${others === 1 ? 'has' : 'have'} edges or angles that differ from the ` +
        `known cell by more than ${100 * mostLength} % or ${mostAngle}°, and ${others === 1 ? 'is' : 'are'} left out`,
    );
  if (listed.shifted > 0)
    warnings.push(
      `${counted(listed.shifted, 'crystal')} of ${name} ${listed.shifted === 1 ? 'states a shift' : 'state shifts'} of the ` +
        'detector, which are not applied: the geometry of this run holds for all of them',
    );
  if (isKept && !isStream)
    warnings.push(
      `${name} states no profile radii: each is that of the frame's own peaks, and without peaks nothing is predicted ` +
        '(fixProfileRadius gives one)',
    );
  return { orientations: new RunOrientations(name, crystals, listed.frames, inputs), cells: known, warnings };
}

function isAlike(cell: Cell, known: Cell): boolean {
  const [own, angles] = [lengthsOf(known), anglesOf(known)];
  return (
    lengthsOf(cell).every((length, i) => Math.abs(length / (own[i] as number) - 1) <= mostLength) &&
    anglesOf(cell).every((angle, i) => Math.abs(angle - (angles[i] as number)) <= mostAngle)
  );
}

/** The cell of crystals whose file states none: the median of each of its numbers. */
function statedBy(crystals: readonly ListedCrystal[]): KnownCell {
  const all = crystals.map(({ cell }) => [...lengthsOf(cell), ...anglesOf(cell)]);
  const [a, b, c, al, be, ga] = [0, 1, 2, 3, 4, 5].map((i) => median(all.map((six) => six[i] as number)));
  const cell = cellFromParameters(a as number, b as number, c as number, al as number, be as number, ga as number);
  return { cell, centring: crystals.find(({ centring }) => centring !== undefined)?.centring ?? 'P' };
}

function ofAnotherCell(name: string, crystals: readonly ListedCrystal[], known: readonly KnownCell[]): EwaldError {
  const shown = (cell: Cell): string => shownParameters([...lengthsOf(cell), ...anglesOf(cell)]);
  const own = statedBy(crystals).cell;
  return new EwaldError(
    'Mismatch',
    `the crystals of ${name} have another cell, ${shown(own)}, than the known one, ` +
      `${known.map(({ cell }) => shown(cell)).join(' or ')}: they differ by more than ${100 * mostLength} % or ` +
      `${mostAngle}°; give the cell of that file in its axes, or index the frames anew (ewald cell compare tells how the ` +
      'two are related)',
  );
}

/** The crystals of a stream. */
async function ofStream(lines: AsyncIterable<string>, name: string): Promise<ListedOrientations> {
  const { head, chunks } = await readStream(lines, name);
  const crystals: ListedCrystal[] = [];
  const frames = new Set<string>();
  let shifted = 0;
  for await (const chunk of chunks()) {
    const event = chunk.event ?? '//0';
    frames.add(keyOf(chunk.filename, event));
    for (const crystal of chunk.crystals) {
      if (crystal.shiftMm?.some((mm) => Math.abs(mm) > 1e-9)) shifted++;
      crystals.push({ filename: chunk.filename, event, ...ofStreamCrystal(crystal) });
    }
  }
  return { name, crystals, frames, cell: head.cell === undefined ? undefined : readCell(head.cell, name), shifted };
}

const ofStreamCrystal = (crystal: StreamCrystal): Omit<ListedCrystal, 'filename' | 'event'> => ({
  cell: reciprocal(cellFrom(flat(crystal.reciprocal).map((x) => x / 10))),
  centring: centrings.find((centring) => centring === crystal.centering),
  profileRadius: crystal.profileRadius === undefined ? undefined : crystal.profileRadius / 10,
  resolution: crystal.resolutionLimit && crystal.resolutionLimit.inverseNm / 10,
  named: crystal.notes.some((note) => note.startsWith(`${marks.namedAxes}named`)),
});

/** The crystals of a list of orientations: file, event, a* b* c* in 1/nm, two shifts in mm, lattice type. */
async function ofSolutions(lines: AsyncIterable<string>, name: string): Promise<ListedOrientations> {
  const crystals: ListedCrystal[] = [];
  let shifted = 0;
  let number = 0;
  for await (const line of lines) {
    number++;
    if (/^\s*([;#].*)?$/.test(line)) continue;
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
    const type = /^[amotrhc][PABCIFRH][abc*?]?$/.test(words.at(-1) ?? '') ? words.pop() : undefined;
    const numbers = words.splice(-11).map(decimal);
    const [filename, event = '//0', ...rest] = words;
    if (filename === undefined || rest.length > 0 || numbers.length < 11 || !numbers.every(Number.isFinite))
      throw new EwaldError(
        'Format',
        `${name}:${number}: this is neither a stream nor a list of orientations; expected on each line a file, an event ` +
          'such as //3, nine numbers of a*, b* and c* in 1/nm, two shifts in mm, and a lattice type such as tPc',
        { detail: { path: name, line: number } },
      );
    const rows = cellFrom(numbers.slice(0, 9).map((x) => x / 10));
    if (numbers.slice(9).some((mm) => Math.abs(mm) > 1e-9)) shifted++;
    crystals.push({
      filename,
      event,
      cell: reciprocal(rows),
      centring: centrings.find((centring) => centring === type?.[1]),
      profileRadius: undefined,
      resolution: undefined,
      named: false,
    });
  }
  return { name, crystals, frames: undefined, cell: undefined, shifted };
}
