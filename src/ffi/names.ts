/** Errors for names that a header or a library lacks, with the ones that may have been meant. */
import { EwaldError } from '../util/errors.js';
import { nearest } from '../util/options.js';
import type { FunctionTable } from './header/types.js';
import type { Target } from './target.js';

/** The property of a function: `then` would make the library a promise. */
export const propertyName = (name: string): string => (name === 'then' ? 'then_' : name);

/** The error for a name that is not among those of a header, and the most similar one of them. */
export function unknownName(text: string, name: string, known: readonly string[] | object): EwaldError {
  const near = nearest(name, Array.isArray(known) ? known : Object.keys(known));
  return new EwaldError('Argument', `${text}${near ? `; did you mean "${near}"?` : ''}`);
}

/** The error for a name that no function of a library has; a constant or a variable is somewhere else. */
export function undeclaredName(name: string, table: FunctionTable, tools: readonly string[]): EwaldError {
  const { header, functions, variables } = table;
  const tag = Object.values(table.enums).find(({ values }) => Object.hasOwn(values, name))?.tag;
  const member = Object.hasOwn(table.constants, name)
    ? `table.constants.${name}.value`
    : tag && `table.enums['${tag}'].values.${name}`;
  if (member)
    return new EwaldError(
      'Argument',
      `${name} is a constant of ${header}, not a function: read ${member} of the library, or import it from the module ` +
        'that ewald ffi -o NAME.ts writes',
    );
  if (Object.hasOwn(variables, name))
    return new EwaldError(
      'Argument',
      `${name} is a variable of ${header}, not a function: call variable('${name}') of the library`,
    );
  const passed = table.warnings.find((warning) =>
    /^passed over ([^:]*):/.exec(warning)?.[1]?.split(', ').includes(name),
  );
  if (passed) return new EwaldError('Unsupported', `${name} of ${header} cannot be called: it was ${passed}`);
  const error = unknownName(`${header} declares no function "${name}"`, name, [...Object.keys(functions), ...tools]);
  if (error.message.endsWith('?')) return error;
  return new EwaldError(
    'Argument',
    `${error.message}; one that is static, inline or a macro cannot be called, and one of the C library only through ` +
      'the header that declares it',
  );
}

/** The name with the longest prefix in common with another, if that is more than half of it. */
function sharingStart(name: string, names: readonly string[]): string | undefined {
  const shared = (other: string): number => {
    let i = 0;
    while (i < name.length && name[i] === other[i]) i++;
    return i;
  };
  const best = names.reduce<string | undefined>(
    (found, other) => (found === undefined || shared(other) > shared(found) ? other : found),
    undefined,
  );
  return best !== undefined && shared(best) > name.length / 2 ? best : undefined;
}

/** The error for a symbol that the library lacks. */
export function missing(target: Target, name: string): EwaldError {
  const symbols = target.symbols();
  const others = [`${name}_`, `_${name}`, `${name.toLowerCase()}_`].filter((other) => symbols.includes(other));
  const mangled = symbols.find((symbol) => symbol.startsWith('_Z') && symbol.includes(`${name.length}${name}`));
  // The search takes time proportional to the list, and every missing function triggers it.
  const near =
    others[0] ?? (symbols.length > 10_000 ? undefined : (nearest(name, symbols) ?? sharingStart(name, symbols)));
  // What was compiled with -g has the plain name as well.
  const hint = mangled
    ? `it has ${mangled}, so it was compiled as C++: declare it extern "C"`
    : symbols.includes(name) && others.length === 0
      ? 'the name is in the file, but hidden: export it (visibility "default")'
      : near
        ? `it has ${near}; is that the one you mean?`
        : `none of the ${symbols.length} names in it is similar`;
  const exporting = target.kind === 'wasm' && !mangled ? ' (with Emscripten: -sEXPORTED_FUNCTIONS=_name)' : '';
  return new EwaldError(
    'Load',
    `the header declares ${name}, but the library ${target.runtime.name} does not have it; ${hint}${exporting}`,
    {
      detail: { symbol: name, near },
    },
  );
}
