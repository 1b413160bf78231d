/**
 * The preprocessor: conditionals, object-like macros and includes.
 *
 * Macros with parameters are remembered, not expanded: one that no declaration uses is a warning, one that a
 * declaration uses an error.
 */
import { nearest } from '../../options.js';
import { describe, evaluate, truthy } from './expression.js';
import { int, unquote } from './integer.js';
import { badToken, type Token, tokenize } from './lexer.js';
import { headerError, positionOf, type SourceFile } from './source.js';

/** A `#define`. */
export interface Macro {
  readonly name: string;
  /** Present for a macro with parameters. */
  readonly parameters?: readonly string[];
  readonly body: readonly Token[];
  readonly place: Token;
}

/** Finds the text of `#include "name"`; undefined when there is none. */
export type Include = (name: string, from: string) => SourceFile | undefined;

export interface PreprocessOptions {
  /** Macros defined before the first line, as -D gives them. */
  readonly definitions: ReadonlyMap<string, string>;
  readonly include: Include;
  /** Where includes were looked for, for the message. */
  readonly includePlaces: readonly string[];
}

export interface Preprocessed {
  /** What is left for the parser, ended by an `end`. */
  readonly tokens: Token[];
  /** The macros defined at the end. */
  readonly macros: ReadonlyMap<string, Macro>;
  readonly warnings: string[];
  readonly files: string[];
}

const deepestInclude = 64;
/** Steps of expansion in one header set; a few lines of macros can ask for more than a memory holds. */
const mostExpanded = 1_000_000;

export function preprocess(file: SourceFile, options: PreprocessOptions): Preprocessed {
  return new Preprocessor(options).run(file);
}

interface Branch {
  readonly place: Token;
  /** Whether this part is read. */
  active: boolean;
  /** Whether a part was read already. */
  taken: boolean;
  /** Whether the surroundings are read. */
  readonly outer: boolean;
  otherwise: boolean;
}

class Preprocessor {
  readonly #options: PreprocessOptions;
  readonly #macros = new Map<string, Macro>();
  readonly #tokens: Token[] = [];
  readonly #warnings: string[] = [];
  readonly #files: string[] = [];
  readonly #once = new Set<string>();
  /** Macros being replaced. */
  readonly #open = new Set<string>();
  #expanded = 0;

  constructor(options: PreprocessOptions) {
    this.#options = options;
  }

  run(file: SourceFile): Preprocessed {
    for (const [name, text] of this.#options.definitions) {
      const tokens = tokenize({ name: `<definition of ${name}>`, text });
      const end = tokens.pop() as Token;
      this.#macros.set(name, { name, body: tokens.filter(({ kind }) => kind !== 'newline'), place: end });
    }
    const end = this.#file(file, 0);
    this.#tokens.push(end);
    for (const { name, parameters, place, body } of this.#macros.values()) {
      if (parameters && body.length > 0) this.#warn(place, `the macro ${name}(…) has parameters and is not read`);
    }
    return { tokens: this.#tokens, macros: this.#macros, warnings: this.#warnings, files: this.#files };
  }

  #warn(place: Token, message: string): void {
    const { file, line, column } = positionOf(place);
    this.#warnings.push(`${file}:${line}:${column}: ${message}`);
  }

  #file(file: SourceFile, depth: number): Token {
    const tokens = tokenize(file);
    this.#files.push(file.name);
    const branches: Branch[] = [];
    let at = 0;
    for (;;) {
      const first = tokens[at] as Token;
      if (first.kind === 'end') {
        const open = branches.at(-1);
        if (open) throw headerError(open.place, 'this conditional has no #endif');
        return first;
      }
      const directive = first.kind === 'punctuator' && first.text === '#';
      if (!directive && branches.at(-1)?.active !== false) {
        at = this.#declarations(tokens, at);
        continue;
      }
      let stop = at;
      while (tokens[stop]?.kind !== 'newline' && tokens[stop]?.kind !== 'end') stop++;
      if (directive) this.#directive(tokens.slice(at + 1, stop), tokens[stop] as Token, branches, file, depth);
      at = tokens[stop]?.kind === 'newline' ? stop + 1 : stop;
    }
  }

  /**
   * Expands lines up to the next directive; calls of macros may run over several lines, so lines are not told apart.
   */
  #declarations(tokens: readonly Token[], from: number): number {
    let at = from;
    let lineStart = true;
    for (; ; at++) {
      const token = tokens[at] as Token;
      if (token.kind === 'end') return at;
      if (token.kind === 'newline') {
        lineStart = true;
        continue;
      }
      if (lineStart && token.kind === 'punctuator' && token.text === '#') return at;
      lineStart = false;
      if (token.kind === 'bad') throw headerError(token, badToken(token));
      if (token.kind !== 'name' || !this.#macros.has(token.text)) {
        this.#tokens.push(token);
        continue;
      }
      let after = at + 1;
      while (tokens[after]?.kind === 'newline') after++;
      this.#expand(token, token, tokens[after], this.#tokens);
    }
  }

  /**
   * Replaces a name by what it stands for; `place` is where the reader sees it. Macros that are being replaced stay as
   * they are.
   */
  #expand(token: Token, place: Token, following: Token | undefined, into: Token[]): void {
    if (++this.#expanded > mostExpanded)
      throw headerError(place, `the macros grow to more than ${mostExpanded} tokens at ${place.text}`);
    const macro = token.kind === 'name' ? this.#macros.get(token.text) : undefined;
    if (!macro || this.#open.has(token.text)) {
      into.push(token === place ? token : { ...token, file: place.file, offset: place.offset });
      return;
    }
    if (this.#open.size > 200) throw headerError(place, 'macros refer to each other more than 200 deep');
    if (macro.parameters) {
      if (following?.text !== '(') {
        into.push(token === place ? token : { ...token, file: place.file, offset: place.offset });
        return;
      }
      const at = positionOf(macro.place);
      throw headerError(
        place,
        `${token.text} is a macro with parameters (${at.file}:${at.line}), which this parser does not expand; declare this without it, or give --define ${token.text}=`,
      );
    }
    this.#open.add(token.text);
    const { doc } = place;
    for (const [i, part] of macro.body.entries()) {
      const before = into.length;
      this.#expand(part, place, macro.body[i + 1] ?? following, into);
      const first = into[before];
      if (i === 0 && doc !== undefined && first && first.doc === undefined) into[before] = { ...first, doc };
    }
    this.#open.delete(token.text);
    // What a macro of nothing was documented with belongs to what follows.
    if (macro.body.length === 0 && doc !== undefined && following && following.doc === undefined)
      (following as { doc?: string }).doc = doc;
  }

  #directive(line: readonly Token[], end: Token, branches: Branch[], file: SourceFile, depth: number): void {
    const [word, ...rest] = line;
    if (!word) return;
    const branch = branches.at(-1);
    const active = branch?.active !== false;
    switch (word.text) {
      case 'if':
        branches.push({
          place: word,
          outer: active,
          otherwise: false,
          ...this.#decide(active, () => this.#condition(word, rest, end)),
        });
        return;
      case 'ifdef':
      case 'ifndef':
        branches.push({
          place: word,
          outer: active,
          otherwise: false,
          ...this.#decide(active, () => this.#macros.has(this.#name(word, rest).text) === (word.text === 'ifdef')),
        });
        return;
      case 'elif':
        if (!branch || branch.otherwise) throw headerError(word, branch ? '#elif after #else' : '#elif without #if');
        branch.active = branch.outer && !branch.taken && this.#condition(word, rest, end);
        branch.taken ||= branch.active;
        return;
      case 'else':
        if (!branch || branch.otherwise) throw headerError(word, branch ? 'a second #else' : '#else without #if');
        branch.otherwise = true;
        branch.active = branch.outer && !branch.taken;
        branch.taken = true;
        return;
      case 'endif':
        if (!branches.pop()) throw headerError(word, '#endif without #if');
        return;
    }
    if (!active) return;
    switch (word.text) {
      case 'define':
        this.#define(word, rest);
        return;
      case 'undef':
        this.#macros.delete(this.#name(word, rest).text);
        return;
      case 'include':
      case 'import':
        this.#include(word, rest, file, depth);
        return;
      case 'pragma':
        if (rest[0]?.text === 'once') {
          this.#once.add(file.name);
        } else if (rest[0]?.text === 'pack') {
          throw headerError(
            word,
            '#pragma pack changes the layout of structs, which this parser does not follow; lay the fields out with explicit padding',
          );
        }
        return;
      case 'error':
        throw headerError(word, `the header refuses: ${this.#rest(word, end)}`);
      case 'warning':
        this.#warn(word, this.#rest(word, end));
        return;
      case 'line':
      case 'ident':
      case 'sccs':
        return;
    }
    if (word.kind === 'number') return;
    const near = nearest(word.text, [
      'define',
      'undef',
      'include',
      'if',
      'ifdef',
      'ifndef',
      'elif',
      'else',
      'endif',
      'pragma',
      'error',
    ]);
    throw headerError(word, `#${word.text} is no directive${near ? `; did you mean #${near}?` : ''}`);
  }

  #decide(outer: boolean, test: () => boolean): { active: boolean; taken: boolean } {
    const active = outer && test();
    return { active, taken: active };
  }

  #rest(word: Token, end: Token): string {
    return word.file.text.slice(word.offset + word.text.length, end.offset).trim();
  }

  #name(word: Token, rest: readonly Token[]): Token {
    const [name] = rest;
    if (name?.kind !== 'name') throw headerError(name ?? word, `#${word.text} needs a name`);
    return name;
  }

  #define(word: Token, rest: readonly Token[]): void {
    const name = this.#name(word, rest);
    if (name.text === 'defined') throw headerError(name, '"defined" cannot be a macro');
    let body = rest.slice(1);
    let parameters: string[] | undefined;
    if (body[0]?.text === '(' && !body[0].spaced) {
      const close = body.findIndex(({ text }) => text === ')');
      if (close < 0) throw headerError(body[0], 'the parameters of this macro have no end; needed is )');
      parameters = body.slice(1, close).flatMap(({ text }) => (text === ',' ? [] : [text]));
      body = body.slice(close + 1);
    }
    const known = this.#macros.get(name.text);
    const macro: Macro = parameters
      ? { name: name.text, parameters, body, place: name }
      : { name: name.text, body, place: name };
    if (known && spelled(known) !== spelled(macro)) {
      const at = positionOf(known.place);
      this.#warn(name, `${name.text} is defined again, otherwise than in ${at.file}:${at.line}`);
    }
    this.#macros.set(name.text, macro);
  }

  #condition(word: Token, rest: readonly Token[], end: Token): boolean {
    if (rest.length === 0) throw headerError(word, `#${word.text} needs an expression`);
    const tokens: Token[] = [];
    for (let i = 0; i < rest.length; i++) {
      const token = rest[i] as Token;
      if (token.kind === 'name' && token.text === 'defined') {
        const open = rest[i + 1]?.text === '(';
        const name = rest[i + (open ? 2 : 1)];
        if (name?.kind !== 'name') throw headerError(name ?? token, '"defined" needs a name');
        if (open && rest[i + 3]?.text !== ')') throw headerError(name, `needed is ")" after defined(${name.text}`);
        tokens.push({ ...token, kind: 'number', text: this.#macros.has(name.text) ? '1' : '0' });
        i += open ? 3 : 1;
      } else if (token.kind === 'name' && /^__has_\w+$/.test(token.text) && rest[i + 1]?.text === '(') {
        // Attributes and features change nothing here: none is claimed.
        let depth = 0;
        do {
          i++;
          if (rest[i]?.text === '(') depth++;
          if (rest[i]?.text === ')') depth--;
        } while (depth > 0 && i < rest.length);
        tokens.push({ ...token, kind: 'number', text: '0' });
      } else if (token.kind === 'bad') {
        throw headerError(token, badToken(token));
      } else {
        this.#expand(token, token, rest[i + 1], tokens);
      }
    }
    tokens.push({ ...end, kind: 'newline', text: '\n' });
    const cursor = { tokens, at: 0 };
    const value = evaluate(cursor, { longBits: 64, name: (token) => (token.text === 'true' ? int(1n) : int(0n)) });
    const left = tokens[cursor.at];
    if (left && left.kind !== 'newline')
      throw headerError(left, `found ${describe(left)} behind the expression of #${word.text}`);
    return truthy(value);
  }

  #include(word: Token, rest: readonly Token[], from: SourceFile, depth: number): void {
    const tokens: Token[] = [];
    if (rest[0]?.kind === 'name')
      for (const [i, token] of rest.entries()) this.#expand(token, token, rest[i + 1], tokens);
    else tokens.push(...rest);
    const [first] = tokens;
    if (!first) throw headerError(word, '#include needs "name" or <name>');
    if (first.text === '<') {
      const name = tokens
        .slice(1)
        .map(({ text }) => text)
        .join('')
        .replace(/>.*$/, '');
      const found = systemHeaders.has(name) ? undefined : this.#options.include(name, from.name);
      if (found) this.#enter(word, found, depth);
      else if (!systemHeaders.has(name))
        this.#warn(word, `<${name}> was not found and is passed over; types it declares are unknown`);
      return;
    }
    if (first.kind !== 'string')
      throw headerError(
        first,
        first.kind === 'bad' ? badToken(first) : `found ${describe(first)}, needed is "name" or <name>`,
      );
    const name = unquote(first.text);
    const found = this.#options.include(name, from.name);
    if (!found) {
      const places = this.#options.includePlaces;
      const looked = places.length > 0 ? `looked in ${places.join(', ')}` : 'no place to look for includes was given';
      throw headerError(
        first,
        `the include ${first.text} was not found (${looked}); name its folder, or define what it would (--define)`,
      );
    }
    this.#enter(word, found, depth);
  }

  #enter(word: Token, file: SourceFile, depth: number): void {
    if (this.#once.has(file.name)) return;
    if (depth >= deepestInclude)
      throw headerError(word, `includes go more than ${deepestInclude} deep; ${file.name} seems to include itself`);
    if (this.#files.length > 10_000) throw headerError(word, 'more than 10000 files are included');
    this.#file(file, depth + 1);
  }
}

const spelled = ({ parameters, body }: Macro): string => JSON.stringify([parameters, body.map(({ text }) => text)]);

/** Headers of the C library: their types are known, the rest of them is not needed. */
const systemHeaders = new Set(
  'assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype sys/types'
    .split(' ')
    .map((name) => `${name}.h`),
);
