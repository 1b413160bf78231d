/** The files of a new project for a user-defined function, as text. */
import { checkedValue, row } from '../../options/call-options.js';
import { EwaldError } from '../../util/errors.js';
import { version } from '../../util/version.js';
import { udfLanguages } from '../parameters.js';
import { definition, inAssemblyScript, testFile } from './templates.js';

/** A language in which a user-defined function can be written. */
export type UdfLanguage = (typeof udfLanguages)[number];

/**
 * The files of a project by name: the definition, its module in `language`, a test and package.json, of which `npm
 * install && npm test` builds and tests it.
 *
 * @param name of the function, an identifier of JavaScript.
 * @param options `language`: of the module; default js, without one.
 *
 * Throws `Argument` for other names and languages.
 */
export function udfProject(
  name: string,
  options: { readonly language?: UdfLanguage | undefined } = {},
): Readonly<Record<string, string>> {
  const language = checkedValue('udfProject: language', options.language, row.choice(udfLanguages, 'js'));
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new EwaldError(
      'Argument',
      `"${name}" cannot be the name of a user-defined function; expected letters, digits and underscores, such as ` +
        'radialVariance',
    );
  const compiled = language === 'as';
  const build = `asc ${name}.ts -o ${name}.wasm -O3 --noAssert --runtime stub --use abort=`;
  const manifest = {
    name: name.toLowerCase(),
    private: true,
    type: 'module',
    scripts: { ...(compiled && { build, pretest: 'npm run build' }), test: 'node --test' },
    dependencies: { ewald: `^${version}` },
    ...(compiled && { devDependencies: { assemblyscript: '^0.28.0' } }),
  };
  return {
    'package.json': `${JSON.stringify(manifest, null, 2)}\n`,
    [`${name}.mjs`]: definition(name, compiled),
    [`${name}.test.mjs`]: testFile(name),
    ...(compiled && { [`${name}.ts`]: inAssemblyScript }),
  };
}
