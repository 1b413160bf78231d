/** `ewald cell rings`: the rings of a powder. */
import { csvText, powderRingsRows, readCellOption } from '../entries/command.node.js';
import { powderRings } from '../entries/merging.js';
import type { RingsFlags } from './cell-rows.js';
import { parametersLine } from './cell-words.js';
import { bold, counted, print, printJson, refuseBoth, table } from './output.js';
import { pickFlags } from './parameter-flags.js';

export async function run([input = '']: readonly string[], flags: RingsFlags): Promise<void> {
  const { json, csv } = flags;
  refuseBoth({ ...(json && { json }), ...(csv && { csv }) });
  const known = await readCellOption(input);
  const rings = powderRings(known, pickFlags(powderRingsRows, flags));
  if (json) return printJson({ input, rings });
  if (csv)
    return print(
      csvText(
        rings.map(({ d, indices: [h, k, l], multiplicity, twoTheta }) => ({
          d,
          h,
          k,
          l,
          multiplicity,
          ...(twoTheta !== undefined && { twoTheta }),
        })),
      ),
    );
  const hasAngle = flags.wavelengthA !== undefined;
  print(`${bold(input)}: ${known.centring} ${parametersLine(known.cell)}, ${counted(rings.length, 'ring')}`);
  const heads = ['d / Å', '1/d / nm⁻¹', 'h k l', 'multiplicity', ...(hasAngle ? ['2θ / °'] : [])];
  const rows = rings.map(({ d, indices, multiplicity, twoTheta }) => [
    d.toFixed(4),
    (10 / d).toFixed(4),
    indices.join(' '),
    String(multiplicity),
    ...(twoTheta === undefined ? [] : [twoTheta.toFixed(3)]),
  ]);
  if (rows.length > 0) print(table(heads, rows, [0, 1, 2, 3, 4]));
}
