/** `ewald reflections convert`: a list in another form. */
import { checkOutput, convertListRows, formatListRows, inputName, writeWhole } from '../entries/command.node.js';
import { EwaldError } from '../entries/index.node.js';
import { convertReflections, formatReflections, type ListKind, listKinds } from '../entries/merging.js';
import { counted, note, print, printJson, yellow } from './output.js';
import { pickFlags } from './parameter-flags.js';
import { cellOfLists, readList } from './reflections-input.js';
import type { ConvertFlags } from './reflections-rows.js';

/** The form of a file by its name. Throws `Argument`. */
function kindOf(file: string): ListKind {
  const kind = Object.keys(listKinds).find((name) => file.toLowerCase().endsWith(`.${name}`)) as ListKind | undefined;
  if (kind) return kind;
  throw new EwaldError(
    'Argument',
    `${file} is named like no form of a list; expected .hkl (CrystFEL), .mtz, .cif (mmCIF), .xds (XDS_ASCII) or .shelx ` +
      '(HKLF 4)',
  );
}

export async function run([input = '']: readonly string[], flags: ConvertFlags): Promise<void> {
  const { output = '', force = false, json } = flags;
  const kind = kindOf(output);
  const writing = { force, inputs: [input].filter((file) => file !== '-') };
  await checkOutput(output, writing);
  const file = await readList(input, flags);
  const cell = await cellOfLists(flags.cell, [file], [input]);
  const converted = convertReflections(file.list, { ...pickFlags(convertListRows, flags), cell });
  const { list, outside, withoutTwin } = converted;
  const { content, remarks: written } = formatReflections(list, kind, {
    ...pickFlags(formatListRows, flags),
    cell: converted.cell,
  });
  const remarks = [...converted.remarks, ...written];
  await writeWhole(output, content, writing);
  const lost = [
    outside > 0 ? `${counted(outside, 'reflection')} outside of the limits` : '',
    withoutTwin > 0 ? `${counted(withoutTwin, 'reflection')} without a twin partner` : '',
  ].filter((text) => text !== '');
  if (json)
    return printJson({
      input: inputName(input),
      output,
      kind,
      reflections: list.count,
      symmetry: list.symmetry,
      spaceGroup: list.spaceGroup,
      columns: file.columns,
      outside,
      withoutTwin,
      remarks,
    });
  print(`${counted(list.count, 'reflection')} in ${list.symmetry}: ${output}`);
  if (lost.length > 0) note(`${yellow('note:')} left out: ${lost.join(', ')}`);
  for (const remark of remarks) note(`${yellow('note:')} ${remark}`);
}
