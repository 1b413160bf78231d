/** What an entry point loads in a page, in bytes. */
export interface Loads {
  readonly entry: string;
  readonly start: number;
  readonly startCompressed: number;
  readonly all: number;
  readonly allCompressed: number;
  readonly wasm: number | undefined;
  readonly wasmCompressed: number | undefined;
}
export function measureLoads(only?: string): Loads[];
export function tableOfLoads(loads: readonly Loads[]): string;
export function writtenTable(): string;
