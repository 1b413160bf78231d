/** The text of CIF and imgCIF: single items, loops as tables; what follows each data name is kept as text. */

/** Items by name in lower case; a loop gives each of its names a list. */
export type CifItems = ReadonlyMap<string, readonly string[]>;

/** A word: quoted, a text between lines that begin with ';', or up to the next space. */
const words =
  /(?:^|\n);([\s\S]*?)\n;|'((?:[^'\n]|'(?=\S))*)'(?=\s|$)|"((?:[^"\n]|"(?=\S))*)"(?=\s|$)|#[^\n]*|([^\s]+)/g;

/** Reads the items of one data block. What is not CIF gives no items; nothing is thrown. */
export function parseCif(text: string): CifItems {
  const items = new Map<string, string[]>();
  let names: string[] = [];
  let inLoop = false;
  let column = 0;
  for (const match of text.matchAll(words)) {
    const [, block, single, double, bare] = match;
    const quoted = block ?? single ?? double;
    if (quoted === undefined && bare === undefined) continue;
    const value = quoted ?? (bare as string);
    if (quoted === undefined && /^(data_|save_|global_)/i.test(value)) names = [];
    else if (quoted === undefined && /^loop_$/i.test(value)) {
      names = [];
      inLoop = true;
      column = 0;
    } else if (quoted === undefined && value.startsWith('_')) {
      // A name after values begins something new.
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
