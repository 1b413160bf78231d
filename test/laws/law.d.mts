import type { Law } from './laws.mjs';

export interface Agreement {
  readonly allowed: (a: number, b: number) => number;
  readonly why: string;
}
export interface Row<T> extends Law {
  readonly drawn: unknown;
  readonly answers: (drawn: T) => readonly [unknown, unknown] | Promise<readonly [unknown, unknown]>;
  readonly agree: Agreement;
}
export const bits: Agreement;
export function within(relative: number, why: string, absolute?: number): Agreement;
export function check(
  law: Law,
  how?: {
    readonly seed?: number;
    readonly path?: string | undefined;
    readonly draws?: number;
    readonly seconds?: number;
  },
): Promise<number>;
export const fixedSeed: number;
export function seedOfDay(now?: number): number;
