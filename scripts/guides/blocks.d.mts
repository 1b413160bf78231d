/** A block of a guide; `kind` is sh, js, py, output, data or aside. */
export interface Block {
  readonly kind: string;
  readonly code: string;
  readonly line: number;
  readonly reason: string | undefined;
}
export function blocksOf(text: string): Block[];
export function codeOf(blocks: readonly Block[], ...kinds: string[]): string;
export function missingLine(expected: string, printed: string): string | undefined;
export function programsOf(blocks: readonly Block[]): { name: string; code: string; line: number }[];
export const python: string;
export function readsInPython(): boolean;
