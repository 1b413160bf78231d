/** `ewald cell compare`: how the lattices of two cells are related. */
import { compareCellsRows, readCellOption } from '../entries/command.node.js';
import type { KnownCell } from '../entries/index.node.js';
import { type CellComparison, compareCells, type LatticeOfCell } from '../entries/merging.js';
import type { CompareCellsFlags } from './cell-rows.js';
import { parametersLine } from './cell-words.js';
import { bold, dim, endDone, print, printJson, wrapText, yellow } from './output.js';
import { pickFlags } from './parameter-flags.js';

export async function run([first = '', second = '']: readonly string[], flags: CompareCellsFlags): Promise<void> {
  const cells = [await readCellOption(first), await readCellOption(second)] as const;
  const result = compareCells(...cells, pickFlags(compareCellsRows, flags));
  if (flags.json) printJson({ first, second, ...result });
  else show(result, cells, [first, second]);
  endDone(result.relation !== 'different');
}

/** Changes of angles in radians, or of edges, that rounding alone makes. */
const exact = 1e-4;

function show(result: CellComparison, cells: readonly [KnownCell, KnownCell], names: readonly [string, string]): void {
  for (const [i, { cell, centring }] of cells.entries()) {
    const lattice = result.lattices[i] as LatticeOfCell;
    print(`${bold(names[i] as string)}: ${centring} ${parametersLine(cell)}`);
    print(dim(wrapText(`  ${latticeText(lattice)}`, 2)));
  }
  print(bold(wrapText(relationText(result, names))));
  if (result.lengths === undefined || result.angles === undefined) return;
  print(
    `edges differ by ${result.lengths.toFixed(2)} % at most, angles by ${result.angles.toFixed(2)}°; the lattices fit in ` +
      `${result.ways === 1 ? 'one way' : `${result.ways} ways`}`,
  );
  const nearly = result.lattices.find(({ distortion }) => distortion > exact);
  if (nearly && result.ways > 1)
    print(
      yellow(
        wrapText(
          `pseudosymmetry: an axis that one lattice has but for ${(100 * nearly.distortion).toFixed(2)} % lets it be laid ` +
            'onto the other in more ways than its symmetry has',
        ),
      ),
    );
}

const latticeText = ({ type, parameters, distortion }: LatticeOfCell): string =>
  `lattice ${type} ${parameters.map((x) => x.toFixed(2)).join(' ')}` +
  (distortion > exact ? `, pseudosymmetric: distorted by ${(100 * distortion).toFixed(2)} %` : '');

function relationText({ relation, indices, axes }: CellComparison, [first, second]: readonly [string, string]): string {
  const [i, j] = indices ?? [0, 0];
  switch (relation) {
    case 'same':
      return `the same lattice: the axes of ${second} are ${axes} of ${first}`;
    case 'sublattice':
      return `${second} is a sublattice of ${first} with index ${i}: its axes are ${axes} of ${first}`;
    case 'superlattice':
      return `${first} is a sublattice of ${second} with index ${j}: the axes of ${second} are ${axes} of ${first}`;
    case 'common':
      return (
        `different lattices with a common sublattice, of index ${i} in ${first} and ${j} in ${second}: its axes are ` +
        `${axes} of ${first}`
      );
    default:
      return 'different lattices: no cell of the one is a cell of the other, nor has small multiples of it';
  }
}
