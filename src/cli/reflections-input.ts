/** The lists and the cell of `ewald reflections`. */
import { cellFromParameters, inputName, readBytes, readCellOption } from '../entries/command.node.js';
import { EwaldError, type KnownCell } from '../entries/index.node.js';
import { type ReflectionFile, readReflections } from '../entries/merging.js';

/** Reads a list; `symmetry` is that of a file which states none. */
export async function readList(file: string, symmetry: string | undefined): Promise<ReflectionFile> {
  return readReflections(await readBytes(file), { name: inputName(file), ...(symmetry && { symmetry }) });
}

/** The given cell, or the one that a list states. Throws `Argument`. */
export async function cellOfLists(cell: string | undefined, lists: readonly ReflectionFile[]): Promise<KnownCell> {
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
