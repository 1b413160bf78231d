/** Rows of parameters as text: help, README tables and TypeScript declarations. */
import { fallbackOf, type Parameter, type Parameters, powerOrNumber } from './parameters.js';

/** `minSnr` as `min-snr`. */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The long flag of a parameter; a boolean that is true by default has the flag that turns it off. */
export function flagOf(name: string, { kind, flag, fallback }: Parameter): string {
  const word = flag ?? kebab(name);
  return kind === 'boolean' && fallback === true ? `--no-${word}` : `--${word}`;
}

/** A number as people write it: 1e30, 2147483648, inf. */
const numeral = (x: number): string => {
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '-inf';
  const [plain, short] = [powerOrNumber(x), x.toExponential().replace('e+', 'e')];
  return short.length + 2 < plain.length ? short : plain;
};

const valueText = (value: unknown): string => {
  if (typeof value === 'number') return numeral(value);
  return Array.isArray(value) ? value.join(',') : String(value);
};

/** The default in words; undefined where there is none to tell. */
export function defaultText(row: Parameter): string | undefined {
  if (row.defaultText !== undefined) return row.defaultText === '' ? undefined : row.defaultText;
  const value = row.required ? undefined : fallbackOf(row);
  if (value === undefined || row.kind === 'boolean') return undefined;
  const stagesByDefault = new Map<number, string[]>();
  for (const [stage, other] of Object.entries(row.fallbacks ?? {}))
    if (other !== value) stagesByDefault.set(other, [...(stagesByDefault.get(other) ?? []), stage]);
  const others = [...stagesByDefault].map(([other, stages]) => `${stages.join(', ')}: ${numeral(other)}`);
  return [valueText(value), ...others.map((words) => `(${words})`)].join(' ');
}

/** Range and unit in words, for tables and comments. */
export function rangeText(row: Parameter): string {
  const { kind, range, choices = [], count, rising, type } = row;
  if (kind === 'boolean') return 'true, false';
  if (kind === 'choice') return choices.join(', ');
  if (type !== undefined) return `\`${type}\``;
  if (!range)
    return kind === 'numbers' || kind === 'integers' ? `${count ?? ''}${rising ? ' rising' : ''} ${kind}`.trim() : kind;
  const { low, high, exclusive, zero } = range;
  const edge = exclusive ? `above ${numeral(low)}` : numeral(low);
  const both = `${zero === undefined ? '' : `0 (${zero}), `}${edge} … ${numeral(high)}`;
  return kind === 'numbers' || kind === 'integers' ? `${count ?? kind}${rising ? ', rising' : ''}, ${both}` : both;
}

/** The row as its flag has it: in the flag's unit. */
export function rowOfFlag(row: Parameter): Parameter {
  const { inFlag, range } = row;
  if (inFlag === undefined) return row;
  const { unit, size } = inFlag;
  const scaled = (x: number): number => Number((x / size).toPrecision(4));
  const { low = 0, high = 0, fallback = 0 } = range ?? {};
  return {
    ...row,
    unit,
    ...(range && { range: { ...range, low: scaled(low), high: scaled(high), fallback: scaled(fallback) } }),
  };
}

/** A line of `--help`: whose it is, what it does, its unit unless a heading states it, and its default. */
export function helpText(parameter: Parameter, whose: string | undefined, isUnitStated = false): string {
  const row = rowOfFlag(parameter);
  const { unit, kind, choices, off, fallback } = row;
  const sentence = fallback === true && off !== undefined ? off : row.sentence;
  const usual = defaultText(row);
  const parts = [
    `${whose ? `${whose}: ` : ''}${sentence}${kind === 'choice' ? `: ${(choices ?? []).join(', ')}` : ''}`,
    unit === undefined || isUnitStated ? undefined : `, ${unit}`,
    usual === undefined ? undefined : ` (default: ${usual})`,
  ];
  return parts.join('');
}

/** Whose a parameter is; undefined where all stages of its table have it. */
export function ownerOf({ of }: Parameter, rows: Parameters): string | undefined {
  const all = new Set(Object.values(rows).flatMap((row) => row.of ?? []));
  return of === undefined || of.length === all.size ? undefined : of.join(', ');
}

/** A Markdown table of parameters. */
export function table(rows: Parameters): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const body = Object.entries(rows).map(([name, row]) =>
    line([
      `\`${name}\``,
      row.flag === null
        ? ''
        : [row.short && `\`-${row.short}\``, `\`${flagOf(name, row)}\``].filter(Boolean).join(', '),
      rangeText(row),
      row.unit ?? '',
      row.kind === 'boolean' ? String(row.fallback ?? false) : (defaultText(row) ?? ''),
      ownerOf(row, rows) ?? '',
      `${sentenceOf(row)}${crystfelText(row)}`,
    ]),
  );
  const head = ['option', 'flag', 'values', 'unit', 'default', 'of', 'meaning'];
  return [line(head), line(head.map(() => '---')), ...body].join('\n');
}

const sentenceOf = ({ sentence, more }: Parameter): string =>
  `${sentence[0]?.toUpperCase()}${sentence.slice(1)}.${more === undefined ? '' : ` ${more}`}`;

const crystfelText = ({ crystfel }: Parameter): string =>
  crystfel?.differs === undefined ? '' : ` CrystFEL: ${crystfel.differs}.`;

const typeOf = ({ kind, choices = [], count, type }: Parameter): string => {
  if (type !== undefined) return type;
  switch (kind) {
    case 'integer':
    case 'number':
    case 'bytes':
      return 'number';
    case 'count':
      return 'number | bigint';
    case 'boolean':
      return 'boolean';
    case 'choice':
      return choices.map((choice) => `'${choice}'`).join(' | ');
    case 'numbers':
    case 'integers':
      return count === undefined || count > 6
        ? 'readonly number[]'
        : `readonly [${Array(count).fill('number').join(', ')}]`;
    case 'text':
      return 'string';
    case 'texts':
      return 'readonly string[]';
    case 'value':
      return 'unknown';
  }
};

/** Words in lines; the usual width leaves room for the asterisk of a comment. */
export function wrapped(text: string, width = 113): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** The TypeScript interface of a table, with each row's sentence, unit, range and default as its comment. */
export function declaration(name: string, rows: Parameters): string {
  const out = [`export interface ${name} {`];
  for (const [key, row] of Object.entries(rows)) {
    const { unit, kind } = row;
    const of = ownerOf(row, rows);
    const usual = kind === 'boolean' ? String(row.fallback ?? false) : defaultText(row);
    const isPlain = kind === 'choice' || kind === 'boolean' || kind.startsWith('text') || row.type !== undefined;
    const range = isPlain ? undefined : rangeText(row);
    const figures = [unit, range, usual === undefined ? undefined : `default ${usual}`].filter(Boolean).join('; ');
    const whose = of === undefined ? '' : `Of ${of}. `;
    const text = `${sentenceOf(row)}${figures === '' ? '' : ` ${figures[0]?.toUpperCase()}${figures.slice(1)}.`}`;
    const lines = wrapped(`${whose}${text}`);
    if (lines.length === 1 && (lines[0] as string).length <= 110) out.push(`    /** ${lines[0]} */`);
    else out.push('    /**', ...lines.map((line) => `     * ${line}`), '     */');
    const type = `${typeOf(row)}${row.required ? '' : ' | undefined'}`;
    const head = `    readonly ${key}${row.required ? '' : '?'}:`;
    out.push(`${head} ${type};`);
  }
  return [...out, '}', ''].join('\n');
}
