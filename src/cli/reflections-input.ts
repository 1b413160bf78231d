/** The lists and the cell of `ewald reflections`. */
import { cellFromParameters, inputName, readBytes, readCellOption } from '../entries/command.node.js';
import { anglesOf, EwaldError, type KnownCell, lengthsOf } from '../entries/index.node.js';
import { type ReflectionFile, readReflections } from '../entries/merging.js';

/** Reads a list; `symmetry` is that of a file which states none. */
export async function readList(file: string, symmetry: string | undefined): Promise<ReflectionFile> {
  return readReflections(await readBytes(file), { name: inputName(file), ...(symmetry && { symmetry }) });
}

/** Largest relative difference of an edge, and of an angle in degrees, of lists that are compared. */
const [mostLength, mostAngle] = [0.05, 5];

/** Throws `Mismatch` for lists whose files state another cell than the one of all. */
function checkStated({ cell }: KnownCell, lists: readonly ReflectionFile[], names: readonly string[]): void {
  const own = [...lengthsOf(cell), ...anglesOf(cell)];
  for (const [i, { parameters }] of lists.entries()) {
    const isOff = (x: number, j: number): boolean =>
      j < 3 ? Math.abs(x / (own[j] as number) - 1) > mostLength : Math.abs(x - (own[j] as number)) > mostAngle;
    if (!parameters?.some(isOff)) continue;
    const shown = (six: readonly number[]): string => six.map((x) => Number(x.toFixed(3))).join(',');
    throw new EwaldError(
      'Mismatch',
      `${names[i]} states the cell ${shown(parameters)}, which is another one than ${shown(own)}: its indices are of other ` +
        'axes; leave -p out, give lists of one cell, or compare the two (ewald cell compare) and reindex the list',
    );
  }
}

/** The given cell, or the one that a list states. Throws `Argument`, `Mismatch`. */
export async function cellOfLists(
  cell: string | undefined,
  lists: readonly ReflectionFile[],
  names: readonly string[],
): Promise<KnownCell> {
  const known = await cellGiven(cell, lists);
  checkStated(known, lists, names);
  return known;
}

async function cellGiven(cell: string | undefined, lists: readonly ReflectionFile[]): Promise<KnownCell> {
  if (cell !== undefined) return readCellOption(cell);
  const stated = lists.find((list) => list.parameters !== undefined);
  const { parameters, centring = 'P' } = stated ?? {};
  if (parameters === undefined)
    throw new EwaldError(
      'Argument',
      'the list does not state its cell; give it with -p: a .cell or PDB file, or a,b,c,al,be,ga',
    );
  const [a, b, c, al, be, ga] = parameters as [number, number, number, number, number, number];
  return { cell: cellFromParameters(a, b, c, al, be, ga), centring };
}
