/** The parser's entry point: turns the text of a header into a function table. */
import { expects } from '../../util/arguments.js';
import { callback } from '../../util/callbacks.js';
import { EwaldError } from '../../util/errors.js';
import { knownOptions } from '../../util/options.js';
import { predefined } from './builtin.js';
import { readConstants } from './constants.js';
import { readDeclarations } from './declarations.js';
import { offered } from './offered.js';
import { takePragmas } from './pack.js';
import { type Include, preprocess } from './preprocess.js';
import { readPreprocessed } from './preprocessed.js';
import { Scope } from './scope.js';
import { TokenStream } from './stream.js';
import type { DataModel, FunctionTable } from './types.js';

/** Macros to define: `{ PI_API: '' }`, or compiler flags: `['-DPI_API=', '-DDEBUG']`. A bare name is defined as 1. */
export type Definitions = Readonly<Record<string, string | number | boolean>> | readonly string[];

export interface ParseOptions {
  /** Name of the header in messages; default `header.h`. */
  readonly name?: string | undefined;
  readonly definitions?: Definitions | undefined;
  /** Data model for the layout of structs; default `lp64`. */
  readonly model?: DataModel | undefined;
  /** Returns the text of an include, or of a file that a line marker names; by default none are found. */
  readonly include?: Include | undefined;
  /** Where `include` searches, for messages. */
  readonly includePlaces?: readonly string[] | undefined;
  /** Whether the text has been through a compiler's preprocessor (`gcc -E`); default false. */
  readonly preprocessed?: boolean | undefined;
  /** Macros of the system's compiler; `definitions` override them. */
  readonly system?: Readonly<Record<string, string>> | undefined;
  /** Reads variadic functions such as `f(int, ...)`, whose further arguments must name their types; default true. */
  readonly allowVarargs?: boolean | undefined;
  /**
   * Skips declarations that are wrong, with a warning each, as those that C has and that are not read are skipped; default
   * false.
   */
  readonly skipUnsupported?: boolean | undefined;
}

const options = 'name definitions model include includePlaces preprocessed system allowVarargs skipUnsupported'.split(
  ' ',
);

/** Converts definitions in either form to names and texts. */
export function definitionMap(definitions: Definitions = {}): Map<string, string> {
  const map = new Map<string, string>();
  if (Array.isArray(definitions)) {
    for (const text of definitions as readonly unknown[]) {
      const match = /^(?:-D\s*)?([A-Za-z_]\w*(?:\([\w\s,.]*\))?)(?:=([\s\S]*))?$/.exec(String(text).trim());
      if (!match)
        throw new EwaldError(
          'Argument',
          `the definition ${JSON.stringify(text)} is not NAME, NAME=VALUE, NAME(a)=VALUE or -DNAME=VALUE`,
        );
      map.set(match[1] ?? '', match[2] ?? '1');
    }
    return map;
  }
  for (const [name, value] of Object.entries(definitions)) {
    if (!/^[A-Za-z_]\w*(?:\([\w\s,.]*\))?$/.test(name))
      throw new EwaldError('Argument', `${JSON.stringify(name)} is not a name that can be defined`);
    if (value !== false) map.set(name, value === true ? '1' : String(value));
  }
  return map;
}

/**
 * Reads a C header and returns its declarations as plain JSON, with layouts for one data model.
 *
 * @param text The header. C11 declarations; see src/ffi/README.md for what is read and what is refused.
 * @returns Functions, structs, enums, typedefs and constants with the positions of their declarations.
 * @throws `Format` with `file:line:column`, the line and a caret; `detail` holds `file`, `line`, `column` and
 * `problem`.
 */
export function parseHeader(text: string, given: ParseOptions = {}): FunctionTable {
  knownOptions('parseHeader', given, options);
  if (typeof text !== 'string')
    throw new EwaldError('Argument', `the header is ${text === null ? 'null' : typeof text}; expected its text`);
  const model = given.model ?? 'lp64';
  expects(['lp64', 'llp64', 'wasm32'].includes(model), 'the data model', model, 'lp64, llp64 or wasm32');
  const name = given.name ?? 'header.h';
  const definitions = new Map([
    ...predefined(model),
    ...Object.entries(given.system ?? {}),
    ...definitionMap(given.definitions),
  ]);
  const clean = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  const include = callback('include', given.include) ?? (() => undefined);
  const read =
    (given.preprocessed ?? /^# \d+ "/m.test(clean))
      ? readPreprocessed({ name, text: clean }, include)
      : preprocess({ name, text: clean }, { model, definitions, include, includePlaces: given.includePlaces ?? [] });
  const { tokens, packs } = takePragmas(read.tokens);
  const { warnings } = read;
  const scope = new Scope(model, warnings, tokens.length);
  readDeclarations(new TokenStream(tokens, packs), scope, {
    allowVarargs: given.allowVarargs ?? true,
    skipUnsupported: given.skipUnsupported ?? false,
  });
  readConstants(read.expander, scope);
  if (scope.passedOver > 0)
    warnings.push(
      `${scope.passedOver} declarations of the C library's headers were skipped because they cannot be parsed`,
    );
  const { functions, variables, constants, assertions } = scope;
  return {
    version: 1,
    header: name,
    model,
    functions,
    variables,
    ...offered(scope, new Set(read.foreign)),
    constants,
    assertions,
    files: [...new Set(read.files)],
    warnings,
  };
}
