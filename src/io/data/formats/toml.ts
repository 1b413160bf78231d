/**
 * The part of TOML that describes datasets: tables, strings, integers, floats, booleans, arrays of them, comments.
 *
 * Source: TOML 1.0. Dates, inline tables, arrays of tables and texts of several lines are rejected.
 */

/** A value of TOML. */
export type TomlValue = string | number | boolean | readonly TomlValue[];
/** Tables by name, with their values by key; those before the first table have the name ''. */
export type Toml = ReadonlyMap<string, ReadonlyMap<string, TomlValue>>;

const mostDepth = 8;
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '"': '"', '\\': '\\' };

/** Parses a text. Throws `Error` with the line that is not understood. */
export function parseToml(text: string): Toml {
  const tables = new Map<string, Map<string, TomlValue>>();
  const table = (name: string): Map<string, TomlValue> => {
    const known = tables.get(name) ?? new Map();
    tables.set(name, known);
    return known;
  };
  let current = table('');
  const reader = new Reader(text);
  for (;;) {
    reader.skipLines();
    if (reader.ended) return tables;
    const named = reader.take(/\[\s*([\w.-]+)\s*\]/y);
    if (named) current = table(named[1] as string);
    else {
      const key = reader.take(/(?:([\w-]+)|"([^"\\\n]*)")\s*=\s*/y);
      const name = key?.[1] ?? key?.[2];
      if (name === undefined) throw reader.wrong('a key and a value');
      if (current.has(name)) throw reader.wrong(`"${name}" only once`);
      current.set(name, reader.value(0));
    }
    if (!reader.take(/[ \t]*(?:#[^\n]*)?(?=\r?\n|$)/y)) throw reader.wrong('the end of the line');
  }
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get ended(): boolean {
    return this.#at >= this.#text.length;
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (!match) return undefined;
    this.#at += match[0].length;
    return match;
  }

  /** Skips white space, line ends and comments. */
  skipLines(): void {
    while (this.take(/[ \t\r\n]+|#[^\n]*/y));
  }

  wrong(expected: string): Error {
    const line = this.#text.slice(0, this.#at).split('\n').length;
    return new Error(
      `line ${line}: ${JSON.stringify(this.#text.slice(this.#at, this.#at + 30))}; expected ${expected}`,
    );
  }

  value(depth: number): TomlValue {
    if (depth > mostDepth) throw this.wrong('fewer nested arrays');
    const quoted = this.take(/"((?:[^"\\\n]|\\["\\ntr])*)"/y);
    if (quoted) return (quoted[1] as string).replace(/\\(.)/g, (_, letter) => escapes[letter] ?? letter);
    const literal = this.take(/'([^'\n]*)'/y);
    if (literal) return literal[1] as string;
    const truth = this.take(/(true|false)\b/y);
    if (truth) return truth[1] === 'true';
    const number = this.take(/[+-]?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w:-])/y);
    if (number) return Number(number[0].replace(/_/g, ''));
    if (!this.take(/\[/y)) throw this.wrong('a text, a number, true, false or an array');
    const values: TomlValue[] = [];
    for (;;) {
      this.skipLines();
      if (this.take(/\]/y)) return values;
      values.push(this.value(depth + 1));
      this.skipLines();
      if (this.take(/,/y)) continue;
      this.skipLines();
      if (!this.take(/\]/y)) throw this.wrong('a comma or ]');
      return values;
    }
  }
}
