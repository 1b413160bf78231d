/** The lists and the cell of `ewald reflections`. */
import { cellFromParameters, inputName, readBytes, readCellOption } from '../entries/command.node.js';
import { anglesOf, EwaldError, type KnownCell, lengthsOf } from '../entries/index.node.js';
import { type ReflectionFile, readReflections } from '../entries/merging.js';
import { note, yellow } from './output.js';

/** How lists are read. */
interface ListFlags {
  /** The point group of a file that states none. */
  readonly symmetry?: string | undefined;
  readonly columns?: string | undefined;
}

/** What there is to say of the input, which is said once nothing is refused. */
export type InputNotes = string[];

/** Says it. */
export const sayNotes = (notes: InputNotes): void => {
  for (const text of notes.splice(0)) note(text);
};

/** Reads a list, and notes which of its columns were read and what contradicts itself. */
export async function readList(
  file: string,
  { symmetry, columns }: ListFlags,
  notes: InputNotes,
): Promise<ReflectionFile> {
  const read = readReflections(await readBytes(file), {
    name: inputName(file),
    ...(symmetry && { symmetry }),
    ...(columns !== undefined && { columns }),
  });
  const [first = ''] = read.remarks;
  const words = read.columns?.join(read.columns.length > 2 ? ', ' : ' and ');
  if (words !== undefined && !first.startsWith(words)) notes.push(`${inputName(file)}: ${words} are read`);
  for (const remark of read.remarks) notes.push(`${yellow('note:')} ${inputName(file)}: ${remark}`);
  return read;
}

/** Largest relative difference of an edge, and of an angle in degrees. */
type Limits = readonly [edge: number, angleDeg: number];
/** Of two lists, and of a given cell and that of a list, without a word; and of lists that are taken for one crystal. */
const [unlike, alike, ofOneCrystal]: readonly [Limits, Limits, Limits] = [
  [0.01, 1],
  [0.03, 3],
  [0.05, 5],
];

/** Whether an edge or an angle is farther from that of another cell; six numbers each. */
const isOther = (six: readonly number[], from: readonly number[], [edge, angle]: Limits): boolean =>
  six.some((x, i) => {
    const own = from[i] as number;
    return i < 3 ? Math.abs(x / own - 1) > edge : Math.abs(x - own) > angle;
  });

/** Throws `Mismatch` for lists whose files state another cell than the one of all. */
function checkStated(
  { cell }: KnownCell,
  lists: readonly ReflectionFile[],
  names: readonly string[],
  { isGiven, notes }: { readonly isGiven: boolean; readonly notes: InputNotes },
): void {
  const own = [...lengthsOf(cell), ...anglesOf(cell)];
  const [one, other] = lists.map((list) => list.centring);
  if (one !== undefined && other !== undefined && one !== other)
    throw new EwaldError(
      'Mismatch',
      `${names[0]} states the centring ${one}, and ${names[1]} ${other}: they are lists of other lattices, or one of them ` +
        'states a wrong one; compare lists of one lattice, or correct the file that is wrong: in a .hkl it is the last line, which may be left out',
    );
  for (const [i, { parameters }] of lists.entries()) {
    const shown = (six: readonly number[]): string => six.map((x) => Number(x.toFixed(3))).join(',');
    if (!parameters || !isOther(parameters, own, ofOneCrystal)) {
      if (!isGiven && parameters && isOther(parameters, own, unlike))
        notes.push(
          `${yellow('note:')} ${names[i]} states the cell ${shown(parameters)}; that of ${names[0]}, ${shown(own)}, is used`,
        );
      continue;
    }
    throw new EwaldError(
      'Mismatch',
      `${names[i]} states the cell ${shown(parameters)}, which is another one than ${shown(own)}: its indices are of other ` +
        `axes; ${isGiven ? 'leave -p out, ' : ''}give lists of one cell, or compare the two (ewald cell compare) and reindex the list`,
    );
  }
}

/**
 * The given cell, or the one that a list states; the centring is that of the list wherever it states one. Throws
 * `Argument`, and `Mismatch` for lists of another cell.
 */
export async function cellOfLists(
  cell: string | undefined,
  lists: readonly ReflectionFile[],
  names: readonly string[],
  notes: InputNotes,
): Promise<KnownCell> {
  const known = await cellGiven(cell, lists, notes);
  checkStated(known, lists, names, { isGiven: cell !== undefined, notes });
  return known;
}

async function cellGiven(
  cell: string | undefined,
  lists: readonly ReflectionFile[],
  notes: InputNotes,
): Promise<KnownCell> {
  const { centring } = lists.find((list) => list.centring !== undefined) ?? {};
  const { parameters } = lists.find((list) => list.parameters !== undefined) ?? {};
  if (cell !== undefined) {
    const { uniqueAxis, ...given } = await readCellOption(cell);
    const own = [...lengthsOf(given.cell), ...anglesOf(given.cell)];
    if (parameters && isOther(own, parameters, alike))
      notes.push(`${yellow('note:')} the list states the cell ${parameters.join(' ')}; that of -p is used`);
    if (centring === undefined) return { ...given, ...(uniqueAxis && { uniqueAxis }) };
    // Numbers alone state no centring.
    if (given.centring !== centring && /[a-z]/i.test(cell.replace(/[eE][-+]?\d/g, '')))
      notes.push(
        `${yellow('note:')} ${cell} has the centring ${given.centring}; that of the list, ${centring}, is used`,
      );
    return { ...given, centring };
  }
  if (parameters === undefined)
    throw new EwaldError(
      'Argument',
      'the list does not state its cell; give it with -p: a .cell or PDB file, or a,b,c,al,be,ga',
    );
  const [a, b, c, al, be, ga] = parameters as [number, number, number, number, number, number];
  return { cell: cellFromParameters(a, b, c, al, be, ga), centring: centring ?? 'P' };
}
