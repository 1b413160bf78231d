/** `#pragma pack`: the maximum alignment of fields in parts of a header. */
import { unquote } from './integer.js';
import { type Token, wordsOf } from './lexer.js';
import { headerError } from './source.js';

/** The maximum alignment of fields from a token on; undefined without a limit. */
export interface PackChange {
  readonly at: number;
  readonly pack: number | undefined;
}

/** Removes the pragmas from a list of tokens; returns the tokens for the parser, and the changes of the packing. */
export function takePragmas(tokens: readonly Token[]): {
  readonly tokens: readonly Token[];
  readonly packs: PackChange[];
} {
  const packs: PackChange[] = [];
  if (!tokens.some(({ kind, text }) => kind === 'pragma' || (kind === 'name' && text === '_Pragma')))
    return { tokens, packs };
  const rest: Token[] = [];
  const stack = new Stack();
  const note = (words: readonly Token[], place: Token): void => {
    if (words[0]?.text !== 'pack') {
      refuseLayout(words, place);
      return;
    }
    stack.change(words.slice(1), place);
    packs.push({ at: rest.length, pack: stack.now });
  };
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.kind === 'pragma') note(wordsOf('<pragma>', token.text), token);
    else if (token.kind === 'name' && token.text === '_Pragma') {
      const [open, text, close] = [tokens[i + 1], tokens[i + 2], tokens[i + 3]];
      if (open?.text !== '(' || text?.kind !== 'string' || close?.text !== ')')
        throw headerError(token, '_Pragma needs one string in parentheses');
      note(wordsOf('<pragma>', unquote(text.text)), token);
      i += 3;
    } else rest.push(token);
  }
  return { tokens: rest, packs };
}

/** Refuses pragmas that move fields in unsupported ways. */
function refuseLayout(words: readonly Token[], place: Token): void {
  const [first, second] = words;
  if (first?.text === 'scalar_storage_order' || first?.text === 'ms_struct' || (first?.text === 'options' && second))
    throw headerError(
      place,
      `#pragma ${first.text} changes the layout of structs, which this parser does not support; lay the fields ` +
        'out with explicit padding',
    );
}

class Stack {
  now: number | undefined;
  readonly #saved: { readonly name: string | undefined; readonly pack: number | undefined }[] = [];

  /** `(n)`, `()`, `(push)`, `(push, n)`, `(push, name, n)`, `(pop)`, `(pop, name)`. */
  change(words: readonly Token[], place: Token): void {
    const wrong = (): Error =>
      headerError(place, '#pragma pack is (n), (), (push), (push, n) or (pop), with n one of 1, 2, 4, 8, 16');
    if (words[0]?.text !== '(' || words.at(-1)?.text !== ')') throw wrong();
    const list = words.slice(1, -1).filter(({ text }) => text !== ',');
    const [verb] = list;
    let name: string | undefined;
    let size: number | undefined;
    for (const word of verb?.kind === 'name' ? list.slice(1) : list) {
      if (word.kind === 'name' && name === undefined) name = word.text;
      else if (word.kind === 'number' && size === undefined && /^(?:0|1|2|4|8|16)[uUlL]*$/.test(word.text))
        size = Number.parseInt(word.text, 10);
      else throw wrong();
    }
    if (verb?.kind === 'name' && verb.text === 'push') this.#saved.push({ name, pack: this.now });
    else if (verb?.kind === 'name' && verb.text === 'pop') this.#pop(name);
    else if (verb?.kind === 'name') throw wrong();
    else if (size === undefined) this.now = undefined;
    if (size !== undefined) this.now = size === 0 ? undefined : size;
  }

  #pop(name: string | undefined): void {
    // A pop without a push changes nothing, as in gcc.
    let i = this.#saved.length - 1;
    if (name !== undefined) while (i >= 0 && this.#saved[i]?.name !== name) i--;
    const found = this.#saved[i];
    if (!found) return;
    this.now = found.pack;
    this.#saved.length = i;
  }
}
