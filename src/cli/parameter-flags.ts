/**
 * Flags made from rows of parameters: their `--help`, and the validation of their values under the name that was typed.
 */
import { type Command, Option } from 'commander';
import {
  argumentError,
  checkParameter,
  commaHint,
  decimal,
  type FlagValues,
  flagOf,
  helpText,
  kebab,
  type NameOption,
  namesOf,
  ownerOf,
  type Parameter,
  type Parameters,
  refuseAlone,
  rowOfFlag,
} from '../entries/command.node.js';
import { EwaldError } from '../entries/index.node.js';

/** The result of commander: the text of each given flag, by the flag's own name. */
export type FlagTexts = object;

const valueNames = {
  integer: 'n',
  count: 'n',
  bytes: 'size',
  number: 'x',
  choice: 'name',
  text: 'text',
  texts: 'text',
} as const;

const valueName = ({ kind, value, count = 0 }: Parameter): string =>
  value ??
  (kind === 'numbers' || kind === 'integers' ? [...'abcdef'].slice(0, count).join(',') : valueNames[kind as 'integer']);

/** The name under which commander stores a flag. */
export const flagKey = (name: string, row: Parameter): string =>
  (row.flag ?? kebab(name)).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** A flag made from a row; it keeps the row. */
export class RowFlag extends Option {
  constructor(
    flags: string,
    description: string,
    /** The rows of the options that it sets, by name. */
    readonly rows: Parameters,
    /** The stages that it belongs to. */
    readonly whose?: string | undefined,
  ) {
    super(flags, description);
    // An optional value is attached to its flag; see `attachBareValues`.
    this.flags = flags.replace(/ (?=\[)/, '').replace(/\[(?=[^=])/, '[=');
  }
}

/** The rows of the flags of a command, by the names of their parameters. */
export const ownRowsOf = ({ options }: Command): Parameters =>
  Object.assign({}, ...options.map((option) => (option instanceof RowFlag ? option.rows : {})));

/** The rows of all flags of a command and of those below it; where both have a name, those of the command itself. */
export const rowsOf = (command: Command): Parameters =>
  Object.assign({}, ...command.commands.map(rowsOf), ownRowsOf(command));

/**
 * The words of a command line in which flags without their optional values have them: a value belongs to such a flag
 * only if it is attached, as in `--view=8080`, since the next word may be a file. Throws `Argument` for a number there.
 */
export function attachBareValues(words: readonly string[], rows: Parameters): string[] {
  const bare = new Map(
    Object.entries(rows).flatMap(([name, row]) => (row.bare === undefined ? [] : [[flagOf(name, row), row.bare]])),
  );
  const end = words.includes('--') ? words.indexOf('--') : words.length;
  return words.map((word, i) => {
    const value = i < end ? bare.get(word) : undefined;
    if (value === undefined) return word;
    const next = words[i + 1] ?? '';
    if (/^\d+$/.test(next)) throw new EwaldError('Argument', `${word} takes its value attached: ${word}=${next}`);
    return `${word}=${value}`;
  });
}

/** Adds the flags of these rows to a command. Flags that are not typed have no value. */
export function withFlags(command: Command, rows: Parameters): Command {
  for (const [name, row] of Object.entries(rows)) {
    if (row.flag === null) continue;
    // Several options may have one flag, whose help is that of the first one.
    const isSame = ([other, { flag }]: [string, Parameter]): boolean =>
      other === name || (flag !== null && (flag ?? kebab(other)) === (row.flag ?? kebab(name)));
    const together = Object.entries(rows).filter(isSame);
    if (together[0]?.[0] !== name) continue;
    const whose = ownerOf({ ...row, of: row.of && together.flatMap(([, one]) => one.of ?? []) }, rows);
    const words = [row.short && `-${row.short}`, flagOf(name, row)].filter(Boolean).join(', ');
    const value = row.bare === undefined ? `<${valueName(row)}>` : `[${valueName(row)}]`;
    const flag = row.kind === 'boolean' ? words : `${words} ${value}`;
    const option = new RowFlag(flag, helpText(row, whose), Object.fromEntries(together), whose);
    // Commander interprets --no-data-timeout <s> as the negation of a flag.
    if (row.kind !== 'boolean') option.negate = false;
    if (row.kind === 'texts') option.argParser((one: string, before: string[] = []) => [...before, one]);
    refuseTwice(command, option, name, row);
    command.addOption(row.required && row.of === undefined ? option.makeOptionMandatory() : option);
    const { without } = row;
    if (without !== undefined) {
      const no = `--no-${row.flag ?? kebab(name)}`;
      const negated = new RowFlag(no, `the same as ${flagOf(name, row)} ${without}`, { [name]: row });
      refuseTwice(command, negated, name, row);
      command.addOption(negated);
    }
  }
  return command;
}

/**
 * Refuses a second value of a flag that takes one: commander keeps the last value, so that the first would be lost. It
 * has to be called before the flag is added, since the value that was typed before is replaced then. Throws `Argument`.
 */
function refuseTwice(command: Command, option: RowFlag, name: string, row: Parameter): void {
  if (row.kind === 'texts' || row.kind === 'boolean') return;
  const key = option.attributeName();
  command.on(`option:${option.name()}`, (value: string | undefined) => {
    const before: unknown = command.getOptionValueSource(key) === 'cli' ? command.getOptionValue(key) : undefined;
    // Flags without a value are undefined when they are typed, and false afterwards.
    if (before === undefined || (before === false && value === undefined)) return;
    const texts = [before, value].filter((one) => typeof one === 'string').map((one) => JSON.stringify(one));
    const said = nameAsFlags(option.rows)(name);
    throw new EwaldError(
      'Argument',
      texts.length === 2
        ? `${said} is given twice, as ${texts.join(' and ')}; it takes one value`
        : `${said} ${texts.join()} and --no-${row.flag ?? kebab(name)} exclude each other`,
    );
  });
}

/** Parses a number as users write it: 1000, 1e6, 1_000, inf; NaN if it is not a number. */
function flagNumber(text: string): number {
  const word = text.trim().replace(/(?<=\d)_(?=\d)/g, '');
  const infinite = /^([+-]?)inf(inity)?$/i.exec(word);
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return decimal(word);
}

/** The bytes of 2G, 512M, 100k, 1e6; NaN if it is not a size. */
function byteCount(text: string): number {
  const [, number = '', unit = ''] = /^(.*?)\s*([kKMGT]?)(?:i?B)?$/.exec(text.trim()) ?? [];
  return Math.floor(flagNumber(number) * 1024 ** ['', 'K', 'M', 'G', 'T'].indexOf(unit.toUpperCase()));
}

/** A whole number such as 1000, 1e9, 2.5e6 or 1_000_000, beyond 2^53 exactly; NaN otherwise. */
function flagCount(text: string): number | bigint {
  const [match, whole = '', fraction = '', power = '0'] =
    /^\+?(\d+)(?:\.(\d+))?(?:[eE]\+?(\d{1,2}))?$/.exec(text.trim().replace(/(?<=\d)_(?=\d)/g, '')) ?? [];
  if (match === undefined || fraction.length > Number(power)) return Number.NaN;
  const count = BigInt(whole + fraction) * 10n ** BigInt(Number(power) - fraction.length);
  return count <= Number.MAX_SAFE_INTEGER ? Number(count) : count;
}

function parsed({ kind, bare }: Parameter, text: unknown): unknown {
  if (typeof text !== 'string') return text === true && bare !== undefined ? bare : text;
  if (kind === 'bytes') return byteCount(text);
  if (kind === 'count') return flagCount(text);
  if (kind === 'integer' || kind === 'number') return flagNumber(text);
  return kind === 'numbers' || kind === 'integers' ? text.split(/[,x×]/).map(flagNumber) : text;
}

/** Refuses an empty value, which a variable of the shell that is not set leaves. Throws `Argument`. */
function refuseEmpty(row: Parameter, text: unknown, said: string): void {
  if (row.mayBeEmpty || ![text].flat().some((one) => typeof one === 'string' && one.trim() === '')) return;
  throw new EwaldError(
    'Argument',
    `${said} is empty, as a variable that is not set leaves it; expected ${said} <${valueName(row)}>`,
  );
}

/** Refuses numbers with decimal commas, which separate the numbers of a list. Throws `Argument`. */
function refuseComma({ kind, count }: Parameter, text: unknown, said: string): void {
  if (typeof text !== 'string') return;
  const words = text.split(',');
  const isOne = ['integer', 'number', 'count', 'bytes'].includes(kind) && commaHint(text.trim()) !== '';
  const isList =
    (kind === 'numbers' || kind === 'integers') &&
    count !== undefined &&
    words.length === 2 * count &&
    words.every((word) => /^\s*[-+]?\d+\s*$/.test(word));
  if (!isOne && !isList) return;
  const pairs = Array.from({ length: words.length / 2 }, (_, i) => `${words[2 * i]}.${words[2 * i + 1]}`);
  throw new EwaldError('Argument', `${said} is ${JSON.stringify(text)}; decimals have a point: ${pairs.join(',')}`);
}

/** The values of the given flags, by the names of their parameters. Throws `Argument`. */
export function flagValues<Rows extends Parameters>(
  rows: Rows,
  texts: FlagTexts,
  nameOption: NameOption = nameAsFlags(rows),
): FlagValues<Rows> {
  const values: Record<string, unknown> = {};
  for (const [name, row] of Object.entries(rows)) {
    const text = row.flag === null ? undefined : (texts as Readonly<Record<string, unknown>>)[flagKey(name, row)];
    // Commander sets a flag --no-x to true by default.
    // It also sets a flag to true that has a negation, and to false if that is typed.
    if (text === undefined || (row.kind === 'boolean' && text === row.fallback)) continue;
    if (row.without !== undefined && text === true) continue;
    const { words = {} } = row;
    if (typeof text === 'string' && Object.hasOwn(words, text)) {
      const stands = words[text] as Readonly<Record<string, string>>;
      for (const [other, value] of Object.entries(stands)) {
        const also =
          rows[other] && other !== name ? (texts as Record<string, unknown>)[flagKey(other, rows[other])] : undefined;
        if (also !== undefined && also !== value)
          throw new EwaldError(
            'Argument',
            `${nameOption(name)} is "${text}", which is ${nameOption(other)} ${value}, and ${nameOption(other)} is ` +
              `"${also}": they contradict each other; pass one of them`,
          );
      }
      Object.assign(values, stands);
      continue;
    }
    refuseEmpty(row, text, nameOption(name));
    refuseComma(row, text, nameOption(name));
    const value = row.without !== undefined && text === false ? row.without : parsed(row, text);
    checkParameter(
      rowOfFlag(row),
      value,
      nameOption(name),
      typeof text === 'string' ? JSON.stringify(text) : undefined,
    );
    row.check?.(nameOption(name), value);
    values[name] = row.inFlag === undefined ? value : (value as number) * row.inFlag.size;
  }
  if (rows.geometry && rows.energy && values.energy !== undefined && values.constants === undefined)
    throw argumentError(
      '',
      (said) =>
        `${said('energy')} belongs to ${said('constants')}; give both, or neither: that of other frames is a line of the ` +
        'geometry, "photon_energy = 9500 eV" (-g), unless they state it',
    );
  refuseAlone('', rows, values);
  return values as FlagValues<Rows>;
}

/** Those of the values that a table has rows of. */
export const pickFlags = <Rows extends Parameters>(rows: Rows, values: FlagValues<Rows>): FlagValues<Rows> =>
  Object.fromEntries(
    namesOf(rows).flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])),
  ) as FlagValues<Rows>;

/** Parameters named by their flags, with the short form if that was typed. */
export function nameAsFlags(rows: Parameters, words: readonly string[] = process.argv.slice(2)): NameOption {
  return (name) => {
    const row = rows[name];
    if (row === undefined) return name;
    const long = flagOf(name, row);
    const short = row.short && `-${row.short}`;
    if (short === undefined) return long;
    const isLong = words.some((word) => word === long || word.startsWith(`${long}=`));
    const isShort = words.some((word) => word.startsWith(short) && !word.startsWith('--'));
    return isShort && !isLong ? short : long;
  };
}
