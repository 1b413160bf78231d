/** The built-in preprocessor, for pages and for machines without a compiler: conditionals, macros, includes. */
import { isEwaldError } from '../../util/errors.js';
import { nearest } from '../../util/options.js';
import { builtinHeader, ofLibrary, systemNames } from './builtin.js';
import { decide } from './condition.js';
import { unquote } from './integer.js';
import { badToken, describe, type Token, tokenize, wordsOf } from './lexer.js';
import { Expander, isDirective, type Macro, readMacro } from './macros.js';
import { headerError, includesAlone, type Placed, positionOf, type SourceFile } from './source.js';
import type { DataModel } from './types.js';

/** The form of an include, which decides where it is searched for. */
interface IncludeForm {
  /** `<name>` rather than `"name"`. */
  readonly system: boolean;
  /** `#include_next`: only in the folders after that of the current file. */
  readonly next?: boolean | undefined;
}

/** Finds the text of `#include "name"` or `<name>`; undefined if there is none. */
export type Include = (name: string, from: string, form?: IncludeForm) => SourceFile | undefined;

interface PreprocessOptions {
  readonly model: DataModel;
  /** Macros defined before the first line, as with -D. */
  readonly definitions: ReadonlyMap<string, string>;
  readonly include: Include;
  /** Where includes were searched for, for messages. */
  readonly includePlaces: readonly string[];
}

export interface Preprocessed {
  /** The tokens for the parser, terminated by `end`; `#pragma pack` is a token of the kind `pragma`. */
  readonly tokens: Token[];
  /** Expands with the macros defined at the end. */
  readonly expander: Expander;
  readonly warnings: string[];
  readonly files: string[];
  /** The included files that belong to the C library. */
  readonly foreign: string[];
}

const deepestInclude = 64;

export function preprocess(file: SourceFile, options: PreprocessOptions): Preprocessed {
  const read = new Preprocessor(options).run(file);
  // One that has nothing but headers of the C library is these.
  const isThese = read.files.length === 1 && read.foreign.length > 0 && includesAlone(file.text);
  return isThese ? new Preprocessor(options, true).run(file) : read;
}

interface Branch {
  readonly place: Token;
  /** Whether this part is read. */
  active: boolean;
  /** Whether a branch of this conditional has been read already. */
  taken: boolean;
  /** Whether the enclosing part is read. */
  readonly outer: boolean;
  otherwise: boolean;
  /** The name of a compiler that this conditional asks for, or one around it. */
  readonly compiler: string | undefined;
}

/** Words that change layouts. */
const layoutWord = /^_*(?:packed|aligned|pack|mode|vector_size)_*$/;

class Preprocessor {
  readonly #options: PreprocessOptions;
  readonly #expander = new Expander();
  readonly #tokens: Token[] = [];
  readonly #warnings: string[] = [];
  readonly #files: string[] = [];
  readonly #foreign: string[] = [];
  readonly #once = new Set<string>();
  /** Words that change layouts, in parts that are only for a compiler. */
  readonly #unread: { readonly place: Token; readonly compiler: string }[] = [];

  readonly #takesFirst: boolean;

  /** `takesFirst`: whether the headers of the C library that the file includes itself are its own. */
  constructor(options: PreprocessOptions, takesFirst = false) {
    this.#options = options;
    this.#takesFirst = takesFirst;
  }

  run(file: SourceFile): Preprocessed {
    const { macros } = this.#expander;
    for (const [name, text] of this.#options.definitions) {
      // As on a compiler's command line, NAME(a, b)=text is a macro with parameters.
      const [word, ...body] = wordsOf(`<definition of ${name}>`, `${name} ${text}`);
      if (word) macros.set(word.text, readMacro(word, body));
    }
    this.#tokens.push(this.#file(file, 0));
    const [first] = this.#unread;
    if (first)
      this.#warn(
        first.place,
        `"${first.place.text}" is only for a compiler (${first.compiler}), which the built-in preprocessor is not; ` +
          `layouts may differ, so preprocess with that compiler (--cpp)`,
      );
    return {
      tokens: this.#tokens,
      expander: this.#expander,
      warnings: this.#warnings,
      files: this.#files,
      foreign: this.#foreign,
    };
  }

  #warn(place: Token, message: string): void {
    if (place.file.foreign) return;
    const { file, line, column } = positionOf(place);
    this.#warnings.push(`${file}:${line}:${column}: ${message}`);
  }

  #file(file: SourceFile, depth: number): Token {
    const tokens = tokenize(file);
    this.#expander.grant(tokens.length);
    (file.foreign ? this.#foreign : this.#files).push(file.name);
    const branches: Branch[] = [];
    let at = 0;
    for (;;) {
      const first = tokens[at] as Token;
      if (first.kind === 'end') {
        const open = branches.at(-1);
        if (open) throw headerError(open.place, 'this conditional has no #endif');
        return first;
      }
      const directive = isDirective(tokens, at);
      if (!directive && branches.at(-1)?.active !== false) {
        at = this.#expander.text(tokens, at, this.#tokens);
        continue;
      }
      let stop = at;
      while (tokens[stop]?.kind !== 'newline' && tokens[stop]?.kind !== 'end') stop++;
      if (directive) this.#directive(tokens.slice(at + 1, stop), tokens[stop] as Token, branches, file, depth);
      else this.#skip(tokens.slice(at, stop), branches.at(-1) as Branch);
      at = tokens[stop]?.kind === 'newline' ? stop + 1 : stop;
    }
  }

  #directive(line: readonly Token[], end: Token, branches: Branch[], file: SourceFile, depth: number): void {
    const [word, ...rest] = line;
    if (!word) return;
    const branch = branches.at(-1);
    const active = branch?.active !== false;
    const condition = (): boolean =>
      decide(word, rest, end, this.#expander, {
        included: (tokens) => this.#find(word, tokens, file)?.found !== undefined,
      });
    const open = (test: () => boolean): void => {
      const taken = active && test();
      const compiler = branch?.compiler ?? this.#compilerIn(rest);
      branches.push({ place: word, outer: active, otherwise: false, active: taken, taken, compiler });
    };
    switch (word.text) {
      case 'if':
        open(condition);
        return;
      case 'ifdef':
      case 'ifndef':
        open(() => this.#expander.defines(this.#name(word, rest).text) === (word.text === 'ifdef'));
        return;
      case 'elif':
        if (!branch || branch.otherwise) throw headerError(word, branch ? '#elif after #else' : '#elif without #if');
        branch.active = branch.outer && !branch.taken && condition();
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
    if (branch && !active) this.#skip(rest, branch);
    else this.#deed(word, rest, end, file, depth);
  }

  /** The name of a compiler in a condition, if a compiler for this model would be it. */
  #compilerIn(words: readonly Token[]): string | undefined {
    const usual = this.#options.model === 'llp64' ? /^_MSC_VER$/ : /^__(?:GNUC|clang|EMSCRIPTEN)__$/;
    return words.find(({ text }) => usual.test(text) && !this.#expander.macros.has(text))?.text;
  }

  #skip(line: readonly Token[], { compiler }: Branch): void {
    const place = compiler === undefined ? undefined : line.find(({ text }) => layoutWord.test(text));
    if (compiler !== undefined && place && !place.file.foreign) this.#unread.push({ place, compiler });
  }

  /** Processes a directive in a part that is read. */
  #deed(word: Token, rest: readonly Token[], end: Token, file: SourceFile, depth: number): void {
    switch (word.text) {
      case 'define':
        this.#define(word, rest);
        return;
      case 'undef':
        this.#expander.macros.delete(this.#name(word, rest).text);
        return;
      case 'include':
      case 'include_next':
      case 'import':
        this.#include(word, rest, file, depth);
        return;
      case 'pragma':
        this.#pragma(word, rest, file);
        return;
      case 'error':
        throw headerError(word, `#error in the header: ${textBehind(word, end)}`);
      case 'warning':
        this.#warn(word, textBehind(word, end));
        return;
      case 'line':
      case 'ident':
      case 'sccs':
        return;
    }
    const near = nearest(word.text, directives);
    throw headerError(word, `#${word.text} is not a directive${near ? `; did you mean #${near}?` : ''}`);
  }

  #pragma(word: Token, rest: readonly Token[], file: SourceFile): void {
    const [first, ...words] = rest;
    if (first?.text === 'once') this.#once.add(file.name);
    else if (first) {
      const expanded = first.text === 'pack' ? this.#expander.all(words) : words;
      this.#tokens.push({ ...word, kind: 'pragma', text: [first, ...expanded].map(({ text }) => text).join(' ') });
    }
  }

  #name(word: Token, rest: readonly Token[]): Token {
    const [name] = rest;
    if (name?.kind !== 'name') throw headerError(name ?? word, `#${word.text} needs a name`);
    return name;
  }

  #define(word: Token, rest: readonly Token[]): void {
    const { macros } = this.#expander;
    const name = this.#name(word, rest);
    if (name.text === 'defined') throw headerError(name, '"defined" cannot be a macro');
    // Headers define attributes away for compilers that they do not know; the parser does, and layouts depend on them.
    if (name.text === '__attribute__') return;
    const macro = readMacro(name, rest.slice(1));
    const known = macros.get(name.text);
    if (known && spelled(known) !== spelled(macro)) {
      const at = positionOf(known.place);
      this.#warn(name, `${name.text} is redefined differently from ${at.file}:${at.line}`);
    }
    macros.set(name.text, macro);
  }

  /** The file that the words after `#include` refer to; nothing if they are not a name. */
  #find(
    word: Token,
    rest: readonly Token[],
    from: SourceFile,
  ): { readonly name: string; readonly system: boolean; readonly found: SourceFile | undefined } | undefined {
    const tokens = rest[0]?.kind === 'name' ? this.#expander.all(rest) : rest;
    const [first] = tokens;
    const { include } = this.#options;
    const next = word.text === 'include_next';
    if (first?.kind === 'string') {
      const name = unquote(first.text);
      return { name, system: false, found: reading(first, () => include(name, from.name, { system: false, next })) };
    }
    if (first?.text !== '<') return undefined;
    const text = tokens.slice(1).map(({ text: part, spaced }) => (spaced ? ` ${part}` : part));
    const name = text.join('').replace(/>.*$/, '').trim();
    // A compiler's own headers are built in; those of the C library are read if they exist.
    const own = builtinHeader(name, this.#options.model);
    const read = (): SourceFile | undefined => reading(first, () => include(name, from.name, { system: true, next }));
    const sourceFile =
      (own === undefined || ofLibrary.has(name) ? read() : undefined) ??
      (own === undefined ? undefined : { name: `<${name}>`, text: own });
    return { name, system: true, found: sourceFile };
  }

  #include(word: Token, rest: readonly Token[], from: SourceFile, depth: number): void {
    const target = this.#find(word, rest, from);
    const [first] = rest;
    if (!first) throw headerError(word, '#include needs "name" or <name>');
    if (!target)
      throw headerError(
        first,
        first.kind === 'bad' ? badToken(first) : `found ${describe(first)}, expected "name" or <name>`,
      );
    const { name, system, found } = target;
    if (found) {
      // The header can use declarations of the C library, but they are not part of its table.
      const builtin = found.name.startsWith('<');
      const isFirst = this.#takesFirst && depth === 0;
      const isOfLibrary = builtin || (found.foreign === true && systemNames.has(name) && !isFirst);
      const foreign = from.foreign || (system && isOfLibrary);
      this.#enter(word, { ...found, foreign: foreign === true }, depth);
      return;
    }
    if (system) {
      if (!systemNames.has(name))
        this.#warn(word, `<${name}> was not found and is passed over; types it declares are unknown`);
      return;
    }
    const places = this.#options.includePlaces;
    const looked = places.length > 0 ? `looked in ${places.join(', ')}` : 'no include folder was given';
    throw headerError(
      first,
      `the include ${first.text} was not found (${looked}); name its folder (-I), or define what it would (--define)`,
    );
  }

  #enter(word: Token, file: SourceFile, depth: number): void {
    if (this.#once.has(file.name)) return;
    if (depth >= deepestInclude)
      throw headerError(word, `includes go more than ${deepestInclude} deep; ${file.name} seems to include itself`);
    if (this.#files.length + this.#foreign.length > 10_000)
      throw headerError(word, 'more than 10000 files are included');
    this.#file(file, depth + 1);
  }
}

/** Adds the position of the include to the refusal of a file; what else a caller's function throws stays as it is. */
export function reading<T>(place: Placed, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const refusal = isEwaldError(error) && error.detail.threw ? error.cause : error;
    throw isEwaldError(refusal, 'File') ? headerError(place, refusal.message) : error;
  }
}

const directives = ['define', 'undef', 'include', 'if', 'ifdef', 'ifndef', 'elif', 'else', 'endif', 'pragma', 'error'];

const textBehind = (word: Token, end: Token): string =>
  word.file.text.slice(word.offset + word.text.length, end.offset).trim();

const spelled = ({ parameters, body }: Macro): string => JSON.stringify([parameters, body.map(({ text }) => text)]);
