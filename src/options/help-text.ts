/** Parameters as `--help` lists them under headings, and single parameters as `ewald help OPTION` explains them. */

import { nearest } from '../util/options.js';
import { type CrystfelProgram, crystfelCounterpart, explainedFlags } from './crystfel-flags.js';
import { defaultText, flagOf, helpText, rangeText, rowOfFlag, wrapped } from './parameter-text.js';
import { helpGroups, type Parameter } from './parameters.js';

/** One flag of a command. */
export interface HelpFlag {
  /** The flag with its short form and the name of its value. */
  readonly term: string;
  /** The long flag. */
  readonly flag: string;
  readonly row: Parameter;
  /** The stages that it belongs to; undefined where it belongs to all. */
  readonly whose: string | undefined;
  /** Its line where it is not that of its row. */
  readonly line?: string | undefined;
  /** Whether the short list has it in any case. */
  readonly isWanted?: boolean | undefined;
}

/** Which flags are listed, and in which width. */
interface HelpList {
  /** Columns of the terminal. */
  readonly width: number;
  /** Whether flags are listed that most runs do not need. */
  readonly all: boolean;
}

/** A term and its explanation in two columns; a long term stands on a line alone. */
export function helpEntry(term: string, text: string, width: number): string {
  const column = Math.min(28, Math.floor(width / 3));
  const lines = wrapped(text, width - column);
  const rest = lines.map((line) => ' '.repeat(column) + line);
  const head = `  ${term}`;
  return head.length + 2 > column
    ? [head, ...rest].join('\n')
    : [head.padEnd(column) + lines[0], ...rest.slice(1)].join('\n');
}

/** A paragraph within the width; further lines are indented. */
const helpParagraph = (text: string, width: number, indent = 0): string =>
  wrapped(text, width - indent).join(`\n${' '.repeat(indent)}`);

/** The flags under their headings, which state the units; says how many others there are. */
function groupedHelp(flags: readonly HelpFlag[], { width, all }: HelpList): { text: string; hidden: number } {
  const inspect = flags.filter(({ row, isWanted }) => all || isWanted || row.common);
  const groups = helpGroups.flatMap((group) => {
    const ofGroup = inspect.filter(({ row }) => row.group === group);
    const own = [...ofGroup.filter(({ row }) => row.common), ...ofGroup.filter(({ row }) => !row.common)];
    return own.length === 0 ? [] : [groupText(group, own, width, all)];
  });
  return { text: groups.join('\n\n'), hidden: flags.length - inspect.length };
}

function groupText(group: string, flags: readonly HelpFlag[], width: number, all: boolean): string {
  const units = new Map<string, string[]>();
  for (const { flag, row } of flags) {
    const { unit } = rowOfFlag(row);
    if (unit !== undefined) units.set(unit, [...(units.get(unit) ?? []), flag]);
  }
  const stated = [...units].map(([unit, of]) => `${unit}: ${of.join(', ')}`).join('; ');
  const title = `${group[0]?.toUpperCase()}${group.slice(1)}`;
  const head = helpParagraph(stated === '' ? `${title}:` : `${title} (${stated}):`, width, 4);
  const lines = flags.map(({ term, row, whose, line }) =>
    helpEntry(term, line ?? helpText(row, all ? whose : undefined, true), width),
  );
  return [head, ...lines].join('\n');
}

/** A parameter of one or several commands, explained; `--json` prints it as it is. */
interface ExplainedParameter {
  readonly commands: readonly string[];
  readonly flag: string;
  readonly short?: string | undefined;
  /** Its name in JavaScript. */
  readonly option: string;
  readonly meaning: string;
  readonly why?: string | undefined;
  readonly values: string;
  readonly unit?: string | undefined;
  readonly default?: string | undefined;
  /** The stages that it belongs to. */
  readonly of?: readonly string[] | undefined;
  /** The flag of CrystFEL that it has been taken from, and how it differs. */
  readonly crystfel?: string | undefined;
}

/** A parameter where a command has it. */
export interface FoundParameter {
  readonly command: string;
  readonly name: string;
  readonly row: Parameter;
}

/** The parameters that a word names: by their flag with or without dashes, their letter, or their JavaScript name. */
function optionsNamed(word: string, found: readonly FoundParameter[]): FoundParameter[] {
  const bare = bareOf(word);
  return found.filter(({ name, row }) =>
    word.length === 2 && word.startsWith('-')
      ? row.short === bare
      : row.flag !== null && (name === bare || flagOf(name, row).replace(/^--(no-)?/, '') === bare),
  );
}

/** Commands and options with names like this one, nearest first. */
function nearOptions(word: string, found: readonly FoundParameter[], commands: readonly string[]): readonly string[] {
  const left = new Set([...commands, ...found.map(({ name, row }) => flagOf(name, row).replace(/^--(no-)?/, ''))]);
  const near: string[] = [];
  while (near.length < 3) {
    const one = nearest(bareOf(word), [...left]);
    if (one === undefined) break;
    near.push(one);
    left.delete(one);
  }
  return near;
}

const bareOf = (word: string): string => word.replace(/^--?(no-)?/, '');

/** The commands, and the programs of CrystFEL whose flags they know. */
type CommandPrograms = Readonly<Record<string, { readonly crystfel?: readonly CrystfelProgram[] }>>;

/** Explanations for people: options, and flags of CrystFEL. */
export const explanationsText = ({ explained: all, ofCrystfel }: Explained, width: number): string =>
  [...all.map((one) => explanationText(one, width)), ...ofCrystfel.map((text) => helpParagraph(text, width, 2))].join(
    '\n\n',
  );

/** What `ewald help WORD` says: explanations, what CrystFEL's flag of that name is, otherwise the nearest names. */
interface Explained {
  readonly explained: readonly ExplainedParameter[];
  readonly ofCrystfel: readonly string[];
  readonly near: readonly string[];
}

/** The explanations of what a word names; without any, what CrystFEL's flag of that name is, or the nearest names. */
export function explainWord(word: string, found: readonly FoundParameter[], commands: CommandPrograms): Explained {
  const all = explained(optionsNamed(word, found), commands);
  const ofCrystfel = all.length > 0 ? [] : explainedFlags(word);
  const near = all.length + ofCrystfel.length > 0 ? [] : nearOptions(word, found, Object.keys(commands));
  return { explained: all, ofCrystfel, near };
}

/** Explains parameters; commands in which a parameter is the same share one explanation. */
function explained(found: readonly FoundParameter[], commands: CommandPrograms): ExplainedParameter[] {
  const same = new Map<string, ExplainedParameter>();
  for (const { command, name, row } of found) {
    const { fallback, off, sentence, kind, short, type, value } = row;
    const typed = type === undefined ? rangeText(rowOfFlag(row)) : (value ?? kind);
    const crystfel = counterpart(name, row, commands[command.split(' ')[0] ?? '']?.crystfel ?? []);
    const one = {
      flag: flagOf(name, row),
      ...(short !== undefined && { short: `-${short}` }),
      option: name,
      meaning: fallback === true && off !== undefined ? off : sentence,
      ...(row.more !== undefined && { why: row.more }),
      values: kind === 'boolean' ? 'none: it is given, or not' : typed,
      ...(rowOfFlag(row).unit !== undefined && { unit: rowOfFlag(row).unit }),
      ...(defaultText(rowOfFlag(row)) !== undefined && { default: defaultText(rowOfFlag(row)) }),
      ...(row.of !== undefined && { of: row.of }),
    };
    const key = JSON.stringify({ ...one, crystfel: undefined });
    const { commands: others = [], crystfel: said } = same.get(key) ?? {};
    const both = said ?? crystfel;
    same.set(key, { commands: [...others, command], ...one, ...(both !== undefined && { crystfel: both }) });
  }
  return [...same.values()];
}

/** The flag of CrystFEL that an option of a command comes from, as its row or the table of flags says. */
function counterpart(name: string, row: Parameter, programs: readonly CrystfelProgram[]): string | undefined {
  const flag = flagOf(name, row);
  const { crystfel, short } = row;
  const without = programs.length > 0 ? 'no counterpart' : undefined;
  if (crystfel === undefined || !programs.includes(crystfel.program))
    return crystfelCounterpart([flag, ...(short === undefined ? [] : [`-${short}`])], programs) ?? without;
  const differs =
    crystfel.differs === undefined ? ', with the same meaning, range and default' : `: ${crystfel.differs}`;
  return `${crystfel.flag ?? flag} of ${crystfel.program}${differs}`;
}

/** An explanation for people. */
function explanationText(one: ExplainedParameter, width: number): string {
  const title = [one.short, one.flag].filter(Boolean).join(', ');
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['why', one.why],
    ['values', one.values],
    ['unit', one.unit],
    ['default', one.default ?? 'not given'],
    ['used by', one.of?.join(', ')],
    ['JavaScript', one.option],
    ['CrystFEL', one.crystfel],
  ];
  return [
    helpParagraph(`${title}  (${one.commands.map((name) => `ewald ${name}`).join(', ')})`, width, 2),
    ...wrapped(`${one.meaning[0]?.toUpperCase()}${one.meaning.slice(1)}.`, width - 2).map((line) => `  ${line}`),
    ...rows.flatMap(([term, text]) =>
      text === undefined ? [] : [`    ${term.padEnd(12)}${helpParagraph(text, width, 16)}`],
    ),
  ].join('\n');
}

/** What stands around the options of a command. */
export interface HelpPage {
  readonly description: string;
  /** What people type: what it does, and the command. */
  readonly examples: readonly (readonly [what: string, command: string])[];
  readonly usage: string;
  readonly operands: readonly (readonly [term: string, text: string])[];
  /** Those below it. */
  readonly commands: readonly (readonly [term: string, text: string])[];
}

/** The help of a command, from what people type to its options. */
export function helpPage(page: HelpPage, flags: readonly HelpFlag[], list: HelpList): string {
  const { description, examples, usage, operands, commands } = page;
  const { text, hidden } = groupedHelp(flags, list);
  const command = usage.replace(/ \[options\].*$/s, '');
  const more = hidden === 0 ? '' : `${hidden} further options: ${command} --help all. `;
  return [
    helpParagraph(description, list.width),
    examples.map(([what, typed]) => `  ${what}:\n    ${typed}`).join('\n'),
    `Usage: ${usage}`,
    operands.map(([term, about]) => helpEntry(term, about, list.width)).join('\n'),
    commands.length === 0 ? '' : ['Commands:', ...commands.map((one) => helpEntry(...one, list.width))].join('\n'),
    text,
    helpParagraph(`${more}One option explained: ewald help threshold, or ewald help --cell`, list.width),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

/** What a command line asks of the help. */
interface HelpRequest {
  /** The command line; `help` alone becomes `--help`. */
  readonly argv: readonly string[];
  /** Whether all options are wanted: `--help all`. */
  readonly all: boolean;
  /** What follows `help`: an option to be explained, `help threshold`, or a command, whose help is `--help`. */
  readonly asked: readonly string[];
}

/** Reads `help OPTION` and `COMMAND … --help [all]`. */
export function helpRequest(words: readonly string[]): HelpRequest {
  const [first, ...rest] = words;
  const isGeneral = rest.every((word) => /^(help|all|-h|--help|-V|--version)$/.test(word));
  if (first === 'help') return { argv: ['--help'], all: false, asked: isGeneral ? [] : rest };
  const argv = [...words];
  const at = argv.findIndex((word) => /^(-h|--help)$/.test(word)) + 1;
  const all = at > 0 && argv[at] === 'all';
  if (all) argv.splice(at, 1);
  return { argv, all, asked: [] };
}
