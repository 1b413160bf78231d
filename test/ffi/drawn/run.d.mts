import type { getLibHandle, Library } from '../../../src/entries/ffi.node.js';

/** The printers of the C program, for the other side; `file` is what both read. */
export interface Printers {
  I(value: unknown): void;
  S(value: unknown): void;
  D(value: number): void;
  B(array: ArrayBufferView, bytes: number): void;
  readonly file: string;
}
/** The same calls in C and by the headers. */
export interface Entry {
  readonly package: string;
  readonly headers: readonly string[];
  readonly folders?: readonly string[];
  readonly definitions?: readonly string[];
  readonly library: string;
  readonly links?: readonly string[];
  /** C in front of main(). */
  readonly before?: string;
  readonly c: string;
  // biome-ignore lint/suspicious/noExplicitAny: the declarations of the headers are only known at run time
  js(library: Library<any>, printers: Printers): void;
  file?(): Uint8Array;
}
/** The lines of both programs, and the functions that the second one called. */
export function inBoth(
  entry: Entry,
  open: typeof getLibHandle,
): Promise<{ readonly c: readonly string[]; readonly js: readonly string[]; readonly called: readonly string[] }>;
