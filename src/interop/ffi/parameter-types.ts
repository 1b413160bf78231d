// Generated from parameters.ts by `npm run layout`. Do not edit.

import type { Definitions } from './header/parse.js';

/** Which library is loaded, and how its header is read. */
export interface LibraryParameters {
  /** Build folder of libraries; it and its lib/ are searched. */
  readonly buildDir?: string | undefined;
  /** Include folder; may be repeated. Default the working directory. */
  readonly includeDir?: string | readonly string[] | undefined;
  /** Macro definition for the header; may be repeated. In JavaScript `{ PI_API: '' }` or `['-DPI_API=']`. */
  readonly definitions?: Definitions | undefined;
  /**
   * Preprocessor of the header: a command such as 'emcc -E', or 'builtin'. Default cc, or the compiler named in CC;
   * built in without one and for wasm.
   */
  readonly cpp?: string | undefined;
  /** How the library is loaded. Default auto. */
  readonly backend?: 'auto' | 'native' | 'wasm' | undefined;
  /** Skip declarations that cannot be read, with a warning each. Default false. */
  readonly skipUnsupported?: boolean | undefined;
}
