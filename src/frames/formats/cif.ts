/** Parses the text of CIF and imgCIF: single items, and loops as tables; values are kept as text. */

/** Items by name in lower case; in a loop, each name has a list. */
export type CifItems = ReadonlyMap<string, readonly string[]>;

/** A word: quoted, in a text field, or bare. */
interface Word {
  readonly text: string;
  readonly bare: boolean;
}

const space = /\s/;
const bareWord = /\S+/y;

/**
 * The words of a text. Quotes close before white space on the same line, text fields at a line that starts with ';'. An
 * unclosed quote is part of a bare word; this is remembered, so that the work is linear in the text and not quadratic.
 */
function* wordsOf(text: string): Generator<Word> {
  /**
   * The position up to which it is known that no quote of each kind closes, and whether any further text field closes.
   */
  const unclosed = { "'": -1, '"': -1 };
  let noField = false;
  const closing = (quote: string, from: number): number => {
    for (let i = from; i < text.length && text[i] !== '\n'; i++)
      if (text[i] === quote && (i + 1 === text.length || space.test(text[i + 1] as string))) return i;
    return -1;
  };
  for (let at = 0; at < text.length; ) {
    const sign = text[at] as string;
    if (space.test(sign)) {
      at++;
      continue;
    }
    if (sign === ';' && !noField && (at === 0 || text[at - 1] === '\n')) {
      const end = text.indexOf('\n;', at);
      if (end >= 0) {
        yield { text: text.slice(at + 1, end), bare: false };
        at = end + 2;
        continue;
      }
      noField = true;
    }
    if ((sign === "'" || sign === '"') && at >= unclosed[sign]) {
      const end = closing(sign, at + 1);
      if (end >= 0) {
        yield { text: text.slice(at + 1, end), bare: false };
        at = end + 1;
        continue;
      }
      const line = text.indexOf('\n', at);
      unclosed[sign] = line < 0 ? text.length : line;
    }
    if (sign === '#') {
      const line = text.indexOf('\n', at);
      at = line < 0 ? text.length : line;
      continue;
    }
    bareWord.lastIndex = at;
    const [word = sign] = bareWord.exec(text) ?? [];
    yield { text: word, bare: true };
    at += word.length;
  }
}

/** Reads the items of one data block. Text that is not CIF yields no items; nothing is thrown. */
export function parseCif(text: string): CifItems {
  const items = new Map<string, string[]>();
  let names: string[] = [];
  let inLoop = false;
  let column = 0;
  for (const { text: value, bare } of wordsOf(text)) {
    if (bare && /^(data_|save_|global_)/i.test(value)) names = [];
    else if (bare && /^loop_$/i.test(value)) {
      names = [];
      inLoop = true;
      column = 0;
    } else if (bare && value.startsWith('_')) {
      // A name after values starts a new item or loop.
      if (!inLoop || column > 0) {
        names = [];
        inLoop = inLoop && column === 0;
      }
      column = 0;
      names.push(value.toLowerCase());
    } else if (names.length > 0) {
      const name = names[column % names.length] as string;
      const list = items.get(name);
      if (list) list.push(value);
      else items.set(name, [value]);
      column++;
    }
  }
  return items;
}
