// Declarations of options as users see them. In the sources an interface of options extends `OptionsOf` of its rows;
// here it is written out with the sentence, range and default of each row, so that editors show them and a user's
// compiler infers nothing. The types that rows name are imported as the sources of the rows import them.
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './run.mjs';

const inferred = /export interface (\w+) extends OptionsOf<(?:typeof (\w+)|[^{]*)> \{\s*\}\n/g;
const esm = (path) => import(pathToFileURL(join(root, 'build/esm', path)).href);
const { dirname, join: joined, relative } = posix;

/** The modules that a text of the sources or of declarations imports names from: `[the names, the path]`. */
const importsOf = (text) =>
  [...text.matchAll(/^import (?:type )?\{([^}]*)\} from '(\.[^']*)';\n/gm)].map(([, names, path]) => [
    names.split(',').flatMap((name) => name.trim().replace(/^type /, '') || []),
    path,
  ]);

/** The imports of a module's source, as those of another module write them. */
function importsAt(module, other) {
  const text = readFileSync(join(root, 'src', module.replace(/\.js$/, '.ts')), 'utf8');
  return importsOf(text).map(([names, path]) => {
    const to = relative(dirname(other), joined(dirname(module), path));
    return [names, to.startsWith('.') ? to : `./${to}`];
  });
}

/** The declarations of a module, whose path in build/esm is `path`, with its options written out. */
export async function withOptions(text, path) {
  if (!text.includes(' extends OptionsOf<')) return text;
  const folder = dirname(path);
  const module = path.replace(/\.d\.ts$/, '.js');
  const { declaration } = await esm('options/parameter-text.js');
  const isOfTables = posix.basename(path) === 'parameter-types.d.ts';
  const { tables } = isOfTables ? await esm(joined(folder, 'parameters.js')) : {};
  const own = isOfTables ? {} : await esm(module);
  /** The rows of an interface: those of a table, or those beside it, whose stages are of flags. */
  const rowsOf = (name, constant) =>
    tables?.[name] ?? Object.fromEntries(Object.entries(own[constant]).map(([key, { of: _, ...row }]) => [key, row]));
  const written = text
    .replace(isOfTables ? /^\/\*\*.*\n/ : '', '')
    .replace(isOfTables ? /^import type \{[^}]*\} from '[^']*\/parameters\.js';\n/gm : '', '')
    .replace(inferred, (_, name, constant) => declaration(name, rowsOf(name, constant)))
    .replace(/^(?:\/\*\* .* \*\/\n)?export declare const (\w+): \{\n[\s\S]*?^\};\n/gm, (all, constant) =>
      text.includes(`OptionsOf<typeof ${constant}>`) ? '' : all,
    );
  if (written.includes(' OptionsOf<')) throw new Error(`${path}: options that could not be written out`);
  const rows = isOfTables
    ? importsOf(text).flatMap(([, from]) => (from.endsWith('/parameters.js') ? [joined(folder, from)] : []))
    : [module];
  const had = new Set(importsOf(written).flatMap(([names]) => names));
  const missing = rows
    .flatMap((module) => importsAt(module, path))
    .flatMap(([names, from]) => {
      const used = names.filter((name) => !had.has(name) && new RegExp(`: .*\\b${name}\\b`).test(written));
      for (const name of used) had.add(name);
      return used.length === 0 ? [] : [`import type { ${used.join(', ')} } from '${from}';\n`];
    });
  return missing.join('') + written;
}
