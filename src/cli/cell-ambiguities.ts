/** `ewald cell ambiguities`: the ways to index crystals that a cell does not tell apart. */
import { readCellOption } from '../entries/command.node.js';
import { type CellAmbiguities, cellAmbiguities } from '../entries/merging.js';
import type { AmbiguitiesFlags } from './cell-rows.js';
import { parametersLine } from './cell-words.js';
import { bold, counted, note, print, printJson, table, wrapText, yellow } from './output.js';

export async function run([input = '']: readonly string[], flags: AmbiguitiesFlags): Promise<void> {
  const { json, ...options } = flags;
  const known = await readCellOption(input);
  const result = cellAmbiguities(known, { ...options, symmetry: flags.symmetry ?? '' });
  if (json) return printJson({ input, ...result });
  print(`${bold(input)}: ${known.centring} ${parametersLine(known.cell)}, ${result.symmetry}`);
  show(result);
}

function show({ ways, latticeRotations, groupRotations, symmetry, otherRotations }: CellAmbiguities): void {
  const rotations = `the lattice has ${counted(latticeRotations, 'rotation')} and ${symmetry} ${groupRotations} of them`;
  if (ways.length === 1) print(wrapText(`no ambiguity: ${rotations}`));
  else {
    print(bold(wrapText(`${ways.length} ways to index each crystal: ${rotations}`)));
    const rows = ways.map(({ operation, lengths, angles, isExact }, i) => [
      operation,
      i === 0 ? 'as it is' : isExact ? 'exact' : 'pseudosymmetry',
      lengths.toFixed(2),
      angles.toFixed(2),
    ]);
    print(table(['indices', '', 'edges change by %', 'angles by °'], rows, [2, 3]));
    print(
      wrapText(`Intensities decide between them: ewald merge -y ${symmetry} resolves it; a twin has the same laws.`),
    );
  }
  if (otherRotations > 0)
    note(
      yellow(
        wrapText(
          `note: ${counted(otherRotations, 'rotation')} of the lattice ${otherRotations === 1 ? 'is' : 'are'} no whole ` +
            'matrix in these axes and not listed; the reduced cell shows them (ewald cell compare)',
        ),
      ),
    );
}
