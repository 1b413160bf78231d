/**
 * Macros and their expansion: with and without parameters, `##`, and no name inside its own replacement. `#` and
 * variable arguments are left to a compiler.
 */
import { badToken, type Token, tokenize } from './lexer.js';
import { headerError, positionOf } from './source.js';

/** A `#define`. */
export interface Macro {
  readonly name: string;
  /** Present for a macro with parameters. */
  readonly parameters?: readonly string[];
  /** What only a compiler's preprocessor expands: `#` or `...`. */
  readonly beyond?: Token | undefined;
  readonly body: readonly Token[];
  readonly place: Token;
}

/** A list of tokens being read; it replaces `macro`, which is not expanded again before the list ends. */
interface Layer {
  readonly tokens: readonly Token[];
  at: number;
  readonly macro: string | undefined;
}

/** The source of tokens after all replacements have been read. */
interface Base {
  readonly tokens: readonly Token[];
  at: number;
  /** Whether a `#` at the start of a line ends the text. */
  readonly directives: boolean;
}

/**
 * Number of expansion steps allowed for every header, in addition to some for each token: a few lines of macros can
 * expand to more than fits into memory.
 */
const freeSteps = 300_000;
const stepsPerToken = 50;
const deepestArguments = 200;

/** What to do about a construct that the built-in preprocessor leaves to a compiler. */
const needsCompiler = 'this needs a C compiler: install one (cc), name it in CC, or preprocess with --cpp';

/** Whether a macro's name stays as it is behind the tokens that were written so far. */
type Keep = (name: string, before: readonly Token[]) => boolean;

export class Expander {
  readonly macros = new Map<string, Macro>();
  /** Macros being replaced. */
  readonly #open = new Set<string>();
  /** Steps taken so far. */
  spent = 0;
  /** Tokens of all files that were read. */
  tokens = 0;
  /** Number of steps at which the expansion is refused. */
  #limit = freeSteps;
  #depth = 0;

  /** Whether a condition finds a name defined: every `__has_…` answers here. */
  defines(name: string): boolean {
    return this.macros.has(name) || name.startsWith('__has_');
  }

  /** Grants steps for a file. */
  grant(tokens: number): void {
    this.tokens += tokens;
    this.#limit += stepsPerToken * tokens;
  }

  /** Expands a text from `from` up to the next directive or the end into a list; returns where it stopped. */
  text(tokens: readonly Token[], from: number, into: Token[]): number {
    const base: Base = { tokens, at: from, directives: true };
    this.#run(base, into, undefined);
    return base.at;
  }

  /**
   * Expands a short list: the words of a directive, an argument, the value of a macro. `keep` names macros that stay
   * as they are; more than `most` steps are refused.
   */
  all(tokens: readonly Token[], keep?: Keep, most?: number): Token[] {
    const into: Token[] = [];
    const [limit, before] = [this.#limit, this.spent];
    if (most !== undefined) this.#limit = before + most;
    try {
      this.#run({ tokens, at: 0, directives: false }, into, keep);
    } finally {
      // Steps with a limit of their own do not count against the rest of the header.
      if (most !== undefined) this.#limit = limit + this.spent - before;
    }
    return into;
  }

  #run(base: Base, into: Token[], keep: Keep | undefined): void {
    const layers: Layer[] = [];
    /** The documentation of a macro with an empty replacement belongs to the next token. */
    let doc: string | undefined;
    try {
      for (;;) {
        const token = this.#next(layers, base);
        if (!token) return;
        const macro = token.kind === 'name' && !token.painted ? this.macros.get(token.text) : undefined;
        if (macro && !keep?.(token.text, into)) {
          if (this.#open.has(token.text)) {
            into.push({ ...token, painted: true });
            continue;
          }
          const replaced = this.#replace(macro, token, layers, base);
          if (replaced) {
            doc ??= token.doc;
            this.#count(token, replaced.length + 1);
            layers.push({ tokens: replaced, at: 0, macro: macro.name });
            this.#open.add(macro.name);
            continue;
          }
        }
        if (token.kind === 'bad' && base.directives) throw headerError(token, badToken(token));
        into.push(doc !== undefined && token.doc === undefined ? { ...token, doc } : token);
        doc = undefined;
      }
    } finally {
      for (const { macro } of layers) if (macro !== undefined) this.#open.delete(macro);
    }
  }

  #count(place: Token, steps: number): void {
    this.spent += steps;
    if (this.spent > this.#limit)
      throw headerError(place, `the macros expand to more than ${this.#limit} tokens at ${place.text}`);
  }

  #next(layers: Layer[], base: Base): Token | undefined {
    for (let layer = layers.at(-1); layer; layer = layers.at(-1)) {
      if (layer.at < layer.tokens.length) return layer.tokens[layer.at++];
      layers.pop();
      if (layer.macro !== undefined) this.#open.delete(layer.macro);
    }
    return nextOf(base);
  }

  /** Whether the next token is the parenthesis of a call; reads nothing. */
  #called(layers: readonly Layer[], base: Base): boolean {
    for (let i = layers.length - 1; i >= 0; i--) {
      const { tokens, at } = layers[i] as Layer;
      if (at < tokens.length) return isSign(tokens[at], '(');
    }
    return isSign(nextOf({ ...base }), '(');
  }

  /** The replacement of a macro here; undefined for a macro with parameters that is not called. */
  #replace(macro: Macro, place: Token, layers: Layer[], base: Base): readonly Token[] | undefined {
    if (macro.parameters && !this.#called(layers, base)) return undefined;
    if (macro.beyond) throw headerError(place, `the macro ${macro.name} uses "${macro.beyond.text}"; ${needsCompiler}`);
    return this.#substitute(macro, macro.parameters ? this.#arguments(macro, place, layers, base) : [], place);
  }

  #arguments(macro: Macro, place: Token, layers: Layer[], base: Base): Token[][] {
    const { parameters = [] } = macro;
    this.#next(layers, base);
    const list: Token[][] = [[]];
    for (let depth = 1; ; ) {
      const token = this.#next(layers, base);
      if (!token) throw headerError(place, `the arguments of the macro ${macro.name} are not terminated; expected ")"`);
      this.#count(place, 1);
      if (isSign(token, '(')) depth++;
      else if (isSign(token, ')') && --depth === 0) break;
      else if (isSign(token, ',') && depth === 1) {
        list.push([]);
        continue;
      }
      // The name of a macro that is currently being replaced is never expanded.
      const isRecursive = token.kind === 'name' && this.#open.has(token.text) && !token.painted;
      list.at(-1)?.push(isRecursive ? { ...token, painted: true } : token);
    }
    if (parameters.length === 0 && list.length === 1 && list[0]?.length === 0) return [];
    if (list.length !== parameters.length) {
      const at = positionOf(macro.place);
      throw headerError(
        place,
        `the macro ${macro.name} (${at.file}:${at.line}) has ${list.length} arguments here; expected ${parameters.length}`,
      );
    }
    return list;
  }

  #substitute({ body, parameters = [] }: Macro, given: readonly Token[][], place: Token): Token[] {
    const expanded: (Token[] | undefined)[] = [];
    /** What a token of the body stands for: an argument as it was written, or the token itself. */
    const written = (token: Token): readonly Token[] => {
      const i = token.kind === 'name' ? parameters.indexOf(token.text) : -1;
      return i < 0 ? [{ ...token, file: place.file, offset: place.offset }] : (given[i] ?? []);
    };
    const result: Token[] = [];
    const put = (list: readonly Token[], spaced: boolean): void => {
      for (const [i, token] of list.entries()) result.push(i === 0 ? { ...token, spaced } : token);
      this.#count(place, list.length);
    };
    for (let i = 0; i < body.length; i++) {
      const token = body[i] as Token;
      if (isSign(body[i + 1], '##') && body[i + 2]) {
        // A chain of ## is joined from the left, of arguments that are not expanded.
        let joined = [...written(token)];
        for (; isSign(body[i + 1], '##') && body[i + 2]; i += 2) {
          const [first, ...others] = written(body[i + 2] as Token);
          const left = first && joined.pop();
          joined = [...joined, ...(first ? [left ? this.#pasted(left, first, place) : first] : []), ...others];
        }
        put(joined, token.spaced);
        continue;
      }
      const parameter = token.kind === 'name' ? parameters.indexOf(token.text) : -1;
      if (parameter < 0) result.push(...written(token));
      else {
        expanded[parameter] ??= this.#argument(given[parameter] ?? [], place);
        put(expanded[parameter], token.spaced);
      }
    }
    return result;
  }

  #argument(given: readonly Token[], place: Token): Token[] {
    if (++this.#depth > deepestArguments)
      throw headerError(place, `arguments of macros are nested more than ${deepestArguments} deep`);
    try {
      return this.all(given);
    } finally {
      this.#depth--;
    }
  }

  #pasted(left: Token, right: Token, place: Token): Token {
    const text = left.text + right.text;
    const [token, end] = tokenize({ name: '<paste>', text });
    if (!token || token.kind === 'bad' || end?.kind !== 'end')
      throw headerError(place, `## does not form a token from "${left.text}" and "${right.text}"`);
    return { kind: token.kind, text, file: place.file, offset: place.offset, spaced: left.spaced };
  }
}

/** The next token of a text, skipping line ends; undefined at its end and before a directive. */
function nextOf(base: Base): Token | undefined {
  for (;;) {
    const token = base.tokens[base.at];
    if (!token || token.kind === 'end') return undefined;
    if (token.kind === 'newline') {
      base.at++;
      continue;
    }
    if (base.directives && isDirective(base.tokens, base.at)) return undefined;
    base.at++;
    return token;
  }
}

/** Whether the token is a `#` at the start of its line. */
export function isDirective(tokens: readonly Token[], at: number): boolean {
  return isSign(tokens[at], '#') && (at === 0 || tokens[at - 1]?.kind === 'newline');
}

const isSign = (token: Token | undefined, text: string): boolean =>
  token !== undefined && token.kind === 'punctuator' && token.text === text;

/** A macro from the tokens after its name. */
export function readMacro(name: Token, rest: readonly Token[]): Macro {
  const [open] = rest;
  if (open?.text !== '(' || open.spaced) return { name: name.text, body: rest, place: name };
  const close = rest.findIndex(({ text }) => text === ')');
  if (close < 0) throw headerError(open, 'the parameters of this macro are not terminated; expected )');
  const list = rest.slice(1, close).filter(({ text }) => text !== ',');
  const wrong = list.find(({ kind, text }) => kind !== 'name' && text !== '...');
  if (wrong) throw headerError(open, `the parameters of the macro ${name.text} are not a list of names`);
  const body = rest.slice(close + 1);
  const beyond = [...list, ...body].find((token) => isSign(token, '...') || isSign(token, '#'));
  return { name: name.text, parameters: list.map(({ text }) => text), body, place: name, beyond };
}
