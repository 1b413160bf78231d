/** Lengths of arrays that other parameters determine: `n`, `n * m`, `2 * (n + 1)`. */

export interface VariableLength {
  /** The parameters that it is computed from. */
  readonly names: readonly string[];
  /** The number of elements for the values of these parameters. */
  readonly of: (argument: (name: string) => number) => number;
}

type Evaluate = VariableLength['of'];

const operators: readonly Readonly<Record<string, (a: number, b: number) => number>>[] = [
  { '<<': (a, b) => a * 2 ** b, '>>': (a, b) => Math.floor(a / 2 ** b) },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': (a, b) => Math.trunc(a / b), '%': (a, b) => a % b },
];

/** Reads such a length; undefined for what needs more of C: casts, sizeof, conditions. */
export function variableLength(text: string): VariableLength | undefined {
  const tokens = text.match(/\d\w*|[A-Za-z_]\w*|<<|>>|\S/g) ?? [];
  const names: string[] = [];
  let at = 0;
  const binary = (level: number): Evaluate | undefined => {
    const known = operators[level];
    if (!known) return unary();
    let left = binary(level + 1);
    while (left && Object.hasOwn(known, tokens[at] ?? '')) {
      const apply = known[tokens[at++] as string] as (a: number, b: number) => number;
      const [a, b] = [left, binary(level + 1)];
      left = b && ((argument) => apply(a(argument), b(argument)));
    }
    return left;
  };
  const unary = (): Evaluate | undefined => {
    const token = tokens[at++] ?? '';
    if (token === '(') {
      const inner = binary(0);
      return tokens[at++] === ')' ? inner : undefined;
    }
    if (/^[A-Za-z_]/.test(token)) {
      names.push(token);
      return (argument) => argument(token);
    }
    const digits = token.replace(/[uUlLzZ]+$/, '');
    const value = /^0\d/.test(digits) ? Number.parseInt(digits, 8) : Number(digits || Number.NaN);
    return Number.isNaN(value) ? undefined : () => value;
  };
  const of = binary(0);
  return of && at === tokens.length ? { names, of } : undefined;
}

/** The length of an array of arrays, whose numbers follow one after the other; undefined if one is unknown. */
export function product(rows: number | string | undefined, columns: number | string | undefined): string | undefined {
  return rows === undefined || columns === undefined ? undefined : `${operand(rows)} * ${operand(columns)}`;
}

const operand = (length: number | string): string => (/^\w+$/.test(`${length}`) ? `${length}` : `(${length})`);
