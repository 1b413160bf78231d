/** Pasted command lines of CrystFEL's programs for lists and cells: which command of ewald each of them is. */

import { EwaldError } from '../util/errors.js';
import type { CrystfelFlag } from './parameters.js';

type CrystfelProgram = CrystfelFlag['program'];

/** Programs whose work is a command of several, and that command. */
const commandOf: Readonly<Record<string, readonly [parent: string, command: string]>> = {
  compare_hkl: ['reflections', 'compare'],
  check_hkl: ['reflections', 'check'],
  get_hkl: ['reflections', 'convert'],
};

/** The command behind which each program is pasted. */
const pastedInto: Readonly<Record<CrystfelProgram, string>> = {
  indexamajig: 'index',
  partialator: 'merge',
  process_hkl: 'merge',
  ambigator: 'merge',
  compare_hkl: 'reflections',
  check_hkl: 'reflections',
  get_hkl: 'reflections',
  cell_tool: 'cell',
};

/** Throws `Argument` for a program whose line is pasted behind another command than its own. */
export function refuseElsewhere(word: string, programs: readonly CrystfelProgram[]): void {
  const program = word.replace(/^.*\//, '') as CrystfelProgram;
  if (!Object.hasOwn(pastedInto, program) || programs.includes(program)) return;
  throw new EwaldError(
    'Argument',
    `${program} is pasted behind another command: ewald ${pastedInto[program]} --compat crystfel ${program} …`,
  );
}

/** What cell_tool does by a flag: the command, and whether the value of the flag is its second word. */
const modes: Readonly<Record<string, readonly [command: string, hasValue: boolean]>> = {
  '--compare-cell': ['compare', true],
  '--transform': ['transform', true],
  '--rings': ['rings', false],
  '--find-ambi': ['ambiguities', false],
};

/** A command line in which the command is named, and the programs whose flags it may have. */
interface NamedCommand {
  readonly words: readonly string[];
  readonly programs: readonly CrystfelProgram[];
}

const isOf = (word: string, program: string): boolean => word.replace(/^.*\//, '') === program;
const isCompat = (words: readonly string[], i: number): boolean =>
  /^--compat(=crystfel)?$/.test(words[i] as string) || (words[i] === 'crystfel' && words[i - 1] === '--compat');

/**
 * The words of `ewald reflections` and `ewald cell` with the command that a pasted program is, and the programs whose flags
 * may follow; undefined for other commands. Throws `Argument` for a pasted line that does not say what it is.
 */
export function namedCommand(
  words: readonly string[],
  programs: readonly CrystfelProgram[],
  isPasted: boolean,
): NamedCommand | undefined {
  const [parent = ''] = words;
  if (parent !== 'reflections' && parent !== 'cell') return undefined;
  const of = programs.filter((program) => program === 'cell_tool' || commandOf[program]?.[0] === parent);
  const own = of.filter((program) => program === 'cell_tool' || commandOf[program]?.[1] === words[1]);
  if (!isPasted) return { words, programs: parent === 'cell' ? [] : own };
  const rest = words.slice(1).filter((_, i) => !isCompat(words, i + 1));
  refuseElsewhere(rest[0] ?? '', of);
  const named = of.find((program) => isOf(rest[0] ?? '', program));
  const program = named ?? (own.length === 1 ? own[0] : undefined);
  if (program === undefined)
    throw new EwaldError(
      'Argument',
      `--compat crystfel expects the pasted command with the name of its program: ewald ${parent} --compat crystfel ` +
        `${of.join(' | ')} …`,
    );
  // With the command named as well, the program may stand behind it.
  const after = named ? rest.slice(1) : rest.filter((word, i) => i !== 1 || !isOf(word, program));
  if (program === 'cell_tool') return { words: [parent, ...ofCellTool(after)], programs: ['cell_tool'] };
  const command = commandOf[program]?.[1] as string;
  // It scales by logarithms, unless it is told not to.
  const scaled = program === 'compare_hkl' && !after.some((word) => /^(-u|--no-scale|--scale-by(=.*)?)$/.test(word));
  const more = scaled ? ['--scale-by', 'logarithms'] : [];
  return { words: [parent, ...(named ? [command] : []), ...after, ...more], programs: [program] };
}

/** The words of a cell_tool with the command first, then its cell, its second word and its flags. */
function ofCellTool(words: readonly string[]): string[] {
  let command: string | undefined;
  const [cells, second, flags]: [string[], string[], string[]] = [[], [], []];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    const [, name = word, attached] = /^(--[^=]+)(?:=(.*))?$/s.exec(word) ?? /^(-[py])(.+)$/s.exec(word) ?? [];
    const mode = modes[name];
    if (mode) {
      command ??= mode[0];
      if (mode[1]) second.push(attached ?? (words[++i] as string));
    } else if (name === '-p' || name === '--pdb') cells.push(attached ?? (words[++i] as string));
    // It is refused by its name, with what to write instead.
    else if (name === '--uncenter' || name === '--cell-choices') [command] = ['transform', flags.push(name)];
    else if (name === '--tolerance') flags.push(...tolerancesOf(attached ?? words[++i] ?? ''));
    else if (name.startsWith('-') && attached === undefined && i + 1 < words.length)
      flags.push(word, words[++i] as string);
    else if (name.startsWith('-')) flags.push(word);
    else cells.push(word);
  }
  if (command === undefined)
    throw new EwaldError(
      'Unsupported',
      `cell_tool without ${Object.keys(modes).join(', ')} has no counterpart in ewald; ewald cell --help lists what there is`,
    );
  const isOpen = command === 'ambiguities' && !flags.some((flag) => flag.startsWith('-y'));
  return [command, ...cells, ...second, ...flags, ...(isOpen ? ['-y', '1'] : [])];
}

/** CrystFEL's six tolerances, or four: edges in percent, angles in degrees. Throws `Unsupported` if they differ. */
function tolerancesOf(text: string): string[] {
  const all = text.split(',');
  const [edges, angles] = [new Set(all.slice(0, 3)), new Set(all.slice(3))];
  if (edges.size !== 1 || angles.size !== 1)
    throw new EwaldError(
      'Unsupported',
      `--tolerance=${text} of cell_tool has several numbers; ewald cell has one for the edges and one for the angles: ` +
        '--length-tolerance, --angle-tolerance',
    );
  return ['--length-tolerance', ...edges, '--angle-tolerance', ...angles];
}
