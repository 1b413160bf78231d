/** `ewald cell transform`: a cell in other axes. */
import {
  checkOutput,
  formatCellFile,
  latticeName,
  readCellOption,
  transformCellRows,
  writeWhole,
} from '../entries/command.node.js';
import { transformCell } from '../entries/merging.js';
import type { TransformFlags } from './cell-rows.js';
import { parametersLine } from './cell-words.js';
import { bold, dim, note, print, printJson, wrapText, yellow } from './output.js';
import { pickFlags } from './parameter-flags.js';

export async function run([input = '', axes = '']: readonly string[], flags: TransformFlags): Promise<void> {
  const { output, force = false, json } = flags;
  const writing = { force, inputs: [input] };
  if (output !== undefined) await checkOutput(output, writing);
  const result = transformCell(await readCellOption(input), axes, pickFlags(transformCellRows, flags));
  const { known, determinant, indices } = result;
  const { lattice, uniqueAxis } = latticeName(known);
  if (output !== undefined)
    await writeWhole(output, formatCellFile(known, lattice, uniqueAxis as 'a' | undefined), writing);
  if (json) {
    const { known: of, ...others } = result;
    printJson({ input, ...others, centring: of.centring, lattice, ...(output !== undefined && { output }) });
  } else {
    print(`${bold(result.axes)}: ${known.centring} ${parametersLine(known.cell)}, ${lattice}`);
    print(dim(wrapText(`${Number(Math.abs(determinant).toFixed(4))} times the volume; indices become ${indices}`)));
    if (output !== undefined) note(dim(`written to ${output}`));
  }
  if (determinant < 0)
    note(
      yellow(
        wrapText(
          'note: the axes are left-handed: edges and angles do not show it, but Friedel mates change places when a list is ' +
            'reindexed with them',
        ),
      ),
    );
}
