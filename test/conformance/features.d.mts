type Row = typeof import('../../dist/validate.js')['rows'][number];
interface Shown {
  readonly id: string;
  readonly features: readonly string[];
  readonly cost: number;
}
export function wordsOf(row: { readonly id: string }): string[];
export function linesOf(sources: readonly string[]): string[];
export function runsOn(backend: string, row: Row): boolean;
export function cover(rows: readonly Shown[]): Record<string, string>;
