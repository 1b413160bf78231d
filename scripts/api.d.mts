/** The values of an entry point; `doc` is undefined without a docstring. */
export interface EntryValues {
  readonly entry: string;
  readonly values: readonly { readonly name: string; readonly doc: string | undefined }[];
}
export function publicValues(): Promise<EntryValues[]>;
export function usesOf(names: readonly string[]): Record<string, string[]>;
export function reference(lists: readonly EntryValues[]): string;
export function firstSentence(doc: string): string;
export function writtenReference(): string;
