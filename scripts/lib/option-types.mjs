// Declarations of options as users see them. In the sources an interface of options extends `OptionsOf` of its rows;
// here it is written out with the sentence, range and default of each row, so that editors show them and a user's
// compiler infers nothing.
import { join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './run.mjs';

const inferred = /export interface (\w+) extends OptionsOf<[^{]*> \{\n([\s\S]*?)\}\n/g;
/** Without what the compiler lays out in its own way. */
const bare = (text) => text.replace(/[\s;]+/g, '');
const esm = (path) => import(pathToFileURL(join(root, 'build/esm', path)).href);

/** The declarations of a module, whose path in build/esm is `path`, with its options written out. */
export async function withOptions(text, path) {
  if (posix.basename(path) !== 'parameter-types.d.ts') return text;
  const { declaration } = await esm('base/parameter-text.js');
  const { tables } = await esm(posix.join(posix.dirname(path), 'parameters.js'));
  const written = text.replace(inferred, (_, name, own) => {
    const rows = tables[name];
    if (rows === undefined) throw new Error(`${path}: tables of parameters.js lack ${name}`);
    for (const [option, { type, required }] of Object.entries(rows)) {
      const member = `${option}${required ? '' : '?'}: ${type}${required ? '' : ' | undefined'};`;
      if (type !== undefined && !bare(own).includes(bare(`readonly ${member}`)))
        throw new Error(`${path}: ${name} lacks "readonly ${member}", the type of its row`);
    }
    return declaration(name, rows);
  });
  if (written.includes(' OptionsOf<')) throw new Error(`${path}: options that could not be written out`);
  return written.replace(/^\/\*\*.*\n/, '').replace(/^import type \{[^}]*\} from '[^']*\/parameters\.js';\n/gm, '');
}
