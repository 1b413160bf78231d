/**
 * Macros and their expansion: with and without parameters, `#`, `##`, variable arguments, and no name inside its own
 * replacement.
 */
import { badToken, type Token, tokenize } from './lexer.js';
import { headerError, positionOf } from './source.js';

/** A `#define`. */
export interface Macro {
  readonly name: string;
  /** Present for a macro with parameters; the last one of a variadic macro takes the rest. */
  readonly parameters?: readonly string[];
  readonly variadic?: boolean;
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

export class Expander {
  readonly macros = new Map<string, Macro>();
  /** Macros being replaced. */
  readonly #open = new Set<string>();
  /** Steps taken so far. */
  spent = 0;
  /** Tokens of all files that were read. */
  tokens = 0;
  /** The same, without steps refused within a separate limit. */
  #steps = 0;
  #granted = freeSteps;
  #limit = freeSteps;
  #depth = 0;

  /** Grants steps for a file. */
  grant(tokens: number): void {
    this.tokens += tokens;
    this.#granted += stepsPerToken * tokens;
    this.#limit = this.#granted;
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
  all(tokens: readonly Token[], keep?: (name: string) => boolean, most?: number): Token[] {
    const into: Token[] = [];
    const before = this.#limit;
    if (most !== undefined) this.#limit = Math.min(before, this.#steps + most);
    try {
      this.#run({ tokens, at: 0, directives: false }, into, keep);
    } finally {
      if (most !== undefined) {
        this.#limit = before;
        // Steps of a refused expansion must not count against the rest of the header.
        this.#steps = Math.min(this.#steps, this.#granted - most);
      }
    }
    return into;
  }

  #run(base: Base, into: Token[], keep: ((name: string) => boolean) | undefined): void {
    const layers: Layer[] = [];
    /** The documentation of a macro with an empty replacement belongs to the next token. */
    let doc: string | undefined;
    const finish = (): void => {
      for (const { macro } of layers) if (macro !== undefined) this.#open.delete(macro);
    };
    try {
      for (;;) {
        const token = this.#next(layers, base);
        if (!token) return;
        const macro = token.kind === 'name' && !token.painted ? this.macros.get(token.text) : undefined;
        if (macro && !keep?.(token.text)) {
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
      finish();
    }
  }

  #count(place: Token, steps: number): void {
    this.spent += steps;
    this.#steps += steps;
    if (this.#steps > this.#limit)
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
    const moved = (token: Token): Token => ({ ...token, file: place.file, offset: place.offset });
    if (!macro.parameters) {
      const { body } = macro;
      return body.some(({ text }) => text === '##') ? this.#substitute(macro, [], place) : body.map(moved);
    }
    if (!this.#called(layers, base)) return undefined;
    return this.#substitute(macro, this.#arguments(macro, place, layers, base), place);
  }

  #arguments(macro: Macro, place: Token, layers: Layer[], base: Base): Token[][] {
    const { parameters = [], variadic } = macro;
    this.#next(layers, base);
    const list: Token[][] = [[]];
    for (let depth = 1; ; ) {
      const token = this.#next(layers, base);
      if (!token) throw headerError(place, `the arguments of the macro ${macro.name} are not terminated; expected ")"`);
      this.#count(place, 1);
      if (isSign(token, '(')) depth++;
      else if (isSign(token, ')') && --depth === 0) break;
      else if (isSign(token, ',') && depth === 1 && !(variadic && list.length >= parameters.length)) {
        list.push([]);
        continue;
      }
      // The name of a macro that is currently being replaced is never expanded.
      const isRecursive = token.kind === 'name' && this.#open.has(token.text) && !token.painted;
      list.at(-1)?.push(isRecursive ? { ...token, painted: true } : token);
    }
    if (parameters.length === 0 && list.length === 1 && list[0]?.length === 0) return [];
    const needed = variadic ? parameters.length - 1 : parameters.length;
    if (list.length < needed || (!variadic && list.length > needed)) {
      const at = positionOf(macro.place);
      throw headerError(
        place,
        `the macro ${macro.name} (${at.file}:${at.line}) has ${list.length} arguments here; expected ${needed}`,
      );
    }
    return list;
  }

  #substitute(macro: Macro, given: readonly Token[][], place: Token): Token[] {
    const { body, parameters = [], variadic } = macro;
    const expanded: (Token[] | undefined)[] = [];
    const index = (token: Token | undefined): number =>
      token?.kind === 'name' && token.text !== '' ? parameters.indexOf(token.text) : -1;
    const whole = (i: number): Token[] => {
      const known = expanded[i];
      if (known) return known;
      if (++this.#depth > deepestArguments)
        throw headerError(place, `arguments of macros are nested more than ${deepestArguments} deep`);
      try {
        const list = this.all(given[i] ?? []);
        expanded[i] = list;
        return list;
      } finally {
        this.#depth--;
      }
    };
    const result: Token[] = [];
    const put = (list: readonly Token[], spaced: boolean): void => {
      for (const [i, token] of list.entries()) result.push(i === 0 ? { ...token, spaced } : token);
      this.#count(place, list.length);
    };
    const moved = (token: Token): Token => ({ ...token, file: place.file, offset: place.offset });
    for (let i = 0; i < body.length; i++) {
      const token = body[i] as Token;
      const next = body[i + 1];
      if (isSign(token, '#') && macro.parameters) {
        const parameter = index(next);
        if (parameter < 0) throw headerError(place, `# in the macro ${macro.name} needs a parameter after it`);
        result.push(moved({ ...token, kind: 'string', text: quoted(given[parameter] ?? []) }));
        i++;
        continue;
      }
      if (isSign(token, '##') && i > 0 && next) {
        const parameter = index(next);
        const rest = variadic && parameter === parameters.length - 1;
        // GNU: a comma before ## and absent variable arguments is removed.
        if (rest && isSign(body[i - 1], ',')) {
          if (given[parameter] === undefined) result.pop();
          else put(whole(parameter), next.spaced);
          i++;
          continue;
        }
        const right = parameter >= 0 ? (given[parameter] ?? []) : [moved(next)];
        const leftEmpty = index(body[i - 1]) >= 0 && (given[index(body[i - 1])] ?? []).length === 0;
        const left = leftEmpty ? undefined : result.pop();
        const [first, ...others] = right;
        if (left && first) result.push(this.#pasted(left, first, place));
        else if (left) result.push(left);
        else if (first) result.push(first);
        put(others, false);
        i++;
        continue;
      }
      const parameter = index(token);
      if (parameter < 0) result.push(moved(token));
      else put(isSign(next, '##') ? (given[parameter] ?? []) : whole(parameter), token.spaced);
    }
    return result;
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

/** Tokens as the text of a string literal. */
function quoted(tokens: readonly Token[]): string {
  const text = tokens
    .map((token, i) => {
      const body = token.kind === 'string' || token.kind === 'char' ? token.text.replace(/[\\"]/g, '\\$&') : token.text;
      return i > 0 && token.spaced ? ` ${body}` : body;
    })
    .join('');
  return `"${text}"`;
}
