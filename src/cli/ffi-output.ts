/** The files that `ewald ffi -o` writes: modules, their declarations and tables. */
import { type WriteOptions, writeWhole } from '../entries/command.node.js';
import { type FunctionTable, writeModule } from '../entries/ffi.node.js';
import { EwaldError } from '../entries/index.node.js';
import { note } from './output.js';

const mark = 'written by `ewald ffi`';

type Form = 'd.ts' | 'ts' | 'json';

function formOf(file: string): Form {
  const form = (['d.ts', 'ts', 'json'] as const).find((ending) => file.endsWith(`.${ending}`));
  if (!form)
    throw new EwaldError('Argument', `--output is "${file}"; expected a name that ends in .ts, .d.ts or .json`);
  return form;
}

/** The format of a table has no room for a mark of its author, so a table is recognised by its beginning. */
export function writingOf(file: string, force: boolean, inputs: readonly string[]): WriteOptions {
  const form = formOf(file);
  const replaces = (head: Uint8Array): boolean => {
    const text = new TextDecoder().decode(head);
    return form === 'json' ? /^\{\s*"version": 1,\s*"header"/.test(text) : text.includes(mark);
  };
  return { force, inputs, replaces, otherwise: 'was not written by ewald ffi' };
}

export async function write(file: string, declared: FunctionTable, writing: WriteOptions): Promise<void> {
  const form = formOf(file);
  const content = form === 'json' ? `${JSON.stringify(declared, undefined, 2)}\n` : writeModule(declared, { form });
  await writeWhole(file, content, writing);
  note(`wrote ${file}`);
}
