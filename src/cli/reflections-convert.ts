/** `ewald reflections convert`: a list in another form. */
import {
  checkOutput,
  convertListRows,
  formatListRows,
  generatedNote,
  inputName,
  mergeWriting,
  standInCell,
  writableAs,
  writeWhole,
} from '../entries/command.node.js';
import { anglesOf, EwaldError, type KnownCell, lengthsOf } from '../entries/index.node.js';
import {
  convertReflections,
  type FormattedList,
  formatReflectionList,
  formatReflections,
  type ListKind,
  listKinds,
  type ReflectionFile,
} from '../entries/merging.js';
import { counted, endDone, note, print, printJson, warn, yellow } from './output.js';
import { pickFlags } from './parameter-flags.js';
import { cellOfLists, type InputNotes, readList, sayNotes } from './reflections-input.js';
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

/** Axes for a list whose cell nothing states, and nothing needs: get_hkl asks for none without limits of resolution. */
function axesAlone(
  kind: ListKind,
  { cell, lowres, highres, symmetry, twin, expand, frenchWilson, spaceGroup, wavelengthA }: ConvertFlags,
  { list, parameters }: ReflectionFile,
): KnownCell | undefined {
  const needing = [cell, lowres, highres, spaceGroup, wavelengthA, frenchWilson || undefined, parameters];
  if (kind !== 'hkl' || needing.some((one) => one !== undefined)) return undefined;
  return standInCell([symmetry ?? list.symmetry, list.symmetry, twin, expand].filter((one) => one !== undefined));
}

/** Throws `Argument` unless an .ins file can be written beside this list. */
async function checkIns(
  ins: string,
  kind: ListKind,
  writing: { readonly force: boolean; readonly inputs: readonly string[] },
): Promise<void> {
  if (kind !== 'shelx')
    throw new EwaldError('Argument', '--ins is read by SHELX beside HKLF 4; give -o FILE.shelx with it');
  await checkOutput(ins, { ...writing, ...mergeWriting.ins, endings: ['.ins'] });
}

function withoutGroup(): never {
  throw new EwaldError(
    'Argument',
    '--ins states the operators of the space group, and the list has none; give --space-group, such as "P 21/c": ' +
      'ewald reflections check ranks those that the absences allow',
  );
}

/** A CrystFEL list that states no cell. */
function withoutCell(list: ReflectionFile['list']): FormattedList {
  const { list: writable, remarks } = writableAs(list, 'hkl');
  return {
    content: formatReflectionList(writable, [generatedNote()]),
    reflections: writable.count,
    remarks,
    isDoubtful: false,
  };
}

const shapeOf = ({ cell }: KnownCell): number[] => [...lengthsOf(cell), ...anglesOf(cell)];
const sameShape = (a: KnownCell, b: KnownCell): boolean =>
  shapeOf(a).every((x, i) => Math.abs(x - (shapeOf(b)[i] as number)) < 1e-6);

export async function run([input = '']: readonly string[], flags: ConvertFlags): Promise<void> {
  const { output = '', force = false, json, ins } = flags;
  const kind = kindOf(output);
  const writing = { force, inputs: [input].filter((file) => file !== '-') };
  await checkOutput(output, writing);
  if (ins !== undefined) await checkIns(ins, kind, writing);
  const notes: InputNotes = [];
  const file = await readList(input, flags, notes);
  const own = axesAlone(kind, flags, file);
  const cell = own ?? (await cellOfLists(flags.cell, [file], [input], notes));
  const converted = convertReflections(file.list, { ...pickFlags(convertListRows, flags), cell });
  const { list, outside, withoutTwin } = converted;
  // New axes of another shape are said with their cell.
  if (own && !sameShape(converted.cell, own)) await cellOfLists(undefined, [file], [input], notes);
  const {
    content,
    reflections,
    remarks: written,
    isDoubtful,
    instructions,
  }: FormattedList = own
    ? withoutCell(list)
    : formatReflections(list, kind, { ...pickFlags(formatListRows, flags), cell: converted.cell });
  const remarks = [...converted.remarks, ...written];
  const text = ins === undefined ? undefined : (instructions ?? withoutGroup)();
  await writeWhole(output, content, writing);
  sayNotes(notes);
  if (ins !== undefined && text !== undefined) await writeWhole(ins, text, { ...writing, ...mergeWriting.ins });
  const isTrusted = !converted.isDoubtful && !isDoubtful && file.badRows === 0;
  if (!isTrusted) warn('the list contradicts what it is said to have: see the notes (exit code 1)');
  endDone(isTrusted);
  const lost = [
    outside > 0 ? `${counted(outside, 'reflection')} outside of the limits` : '',
    withoutTwin > 0 ? `${counted(withoutTwin, 'reflection')} without a twin partner` : '',
  ].filter((text) => text !== '');
  if (json)
    return printJson({
      input: inputName(input),
      output,
      kind,
      reflections,
      symmetry: list.symmetry,
      spaceGroup: list.spaceGroup,
      columns: file.columns,
      outside,
      withoutTwin,
      isDoubtful: !isTrusted,
      remarks,
    });
  print(`${counted(reflections, 'reflection')} in ${list.symmetry}: ${output}`);
  if (lost.length > 0) note(`${yellow('note:')} left out: ${lost.join(', ')}`);
  for (const remark of remarks) note(`${yellow('note:')} ${remark}`);
}
